import { describe, expect, it } from "vitest";
import { findPathFault, findTextFault } from "../../src/archive/path-rules.js";
import { isWorkPath } from "../../src/archive/work-names.js";

describe("a name with a control character", () => {
  const controls = [...Array.from({ length: 0x20 }, (_, code) => code), ...Array.from({ length: 0x21 }, (_, at) => 0x7f + at)];

  it.each(controls.map((code) => [code.toString(16).padStart(2, "0"), String.fromCharCode(code)]))(
    "U+00%s is refused, as a path and as a link's target",
    (_, character) => {
      expect(findPathFault(`app/a${character}b`)).toBe("a control character in a name");
      expect(findTextFault(`a${character}b`)).toBe("a control character in a name");
    },
  );

  it("ends where letters begin", () => {
    for (const character of [" ", "~", "\u00a0", "\u00e9"]) expect(findPathFault(`app/a${character}b`)).toBe(null);
  });
});

describe("a name of envpack's own work", () => {
  it.each([
    [".envpack-1-0123456789ab", true],
    ["a/b/.envpack-lock", true],
    ["a/.t.envpack-lock/x", true],
    [".envpack/relocated.json", true],
    ["a/.envpack/relocated.json/x", true],
    [".envpack/relocating-lock", true],
    [".envpack/repairing-12/x", true],
    [".ENVPACK/RELOCATED.JSON", true],
    [".envpac\u212a-x", true],
    [".env\u200cpack-x", true],
    [".\uff45nvpack-x", true],
    [".envpack/manifest.json", false],
    [".envpack/relocated.jsonl", false],
    [".envpack/layer/index.patch", false],
    ["envpack-lock", false],
    ["a.envpack-lock", false],
    ["app/.envpack", false],
    ["relocated.json", false],
  ])("%j: %s", (path, expected) => {
    expect(isWorkPath(path)).toBe(expected);
  });
});
