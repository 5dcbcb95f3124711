import { describe, expect, it } from "vitest";
import type { Fixup } from "../../src/manifest/fixup.js";
import { decodeFixups, encodeFixups } from "../../src/manifest/fixup-file.js";

const FIXUPS: Fixup[] = [
  { path: "app/b", kind: "binary", places: [{ at: 7, length: 6, spelling: "plain", root: "" }] },
  {
    path: "app/a ü.js",
    kind: "text",
    places: [
      { at: 0, length: 6, spelling: "escaped", root: "app" },
      { at: 6, length: 10, spelling: "percent", root: "app/x" },
    ],
  },
];

function decode(text: string): Fixup[] {
  return decodeFixups(Buffer.from(text));
}

const GOOD = '{"path":"a","kind":"text","places":[[0,6,"plain","app"]]}\n';

describe("fix-up records", () => {
  it("come back sorted by path, without the files that have no places", () => {
    const bytes = encodeFixups([...FIXUPS, { path: "app/none", kind: "text", places: [] }]);
    expect(decodeFixups(bytes)).toEqual([FIXUPS[1], FIXUPS[0]]);
  });

  it("may be none at all", () => {
    expect(encodeFixups([])).toHaveLength(0);
    expect(decode("")).toEqual([]);
    expect(decode(GOOD)).toHaveLength(1);
  });

  it.each([
    ["no newline at the end", GOOD.trimEnd()],
    ["an empty line", `\n${GOOD}`],
    ["no JSON", "a\n"],
    ["a list", "[]\n"],
    ["a path that leaves the archive", GOOD.replace('"a"', '"../a"')],
    ["an absolute path", GOOD.replace('"a"', '"/a"')],
    ["a doubled slash", GOOD.replace('"a"', '"a//b"')],
    ["a NUL in the path", GOOD.replace('"a"', '"a\\u0000"')],
    ["an unknown field", GOOD.replace('"kind"', '"__proto__":{},"kind"')],
    ["an unknown kind", GOOD.replace('"text"', '"link"')],
    ["no places", GOOD.replace('[0,6,"plain","app"]', "")],
    ["a negative offset", GOOD.replace("[0,", "[-1,")],
    ["an offset past any file", GOOD.replace("[0,", "[9007199254740991,")],
    ["a fractional offset", GOOD.replace("[0,", "[0.5,")],
    ["an empty place", GOOD.replace(",6,", ",0,")],
    ["a place longer than any path", GOOD.replace(",6,", ",1000000,")],
    ["an unknown spelling", GOOD.replace('"plain"', '"hex"')],
    ["a root outside", GOOD.replace('"app"', '".."')],
    ["a place with more to it", GOOD.replace('"app"]', '"app",1]')],
    ["overlapping places", GOOD.replace("]]", '],[5,6,"plain","app"]]')],
    ["places out of order", GOOD.replace("[[0", '[[9,6,"plain","app"],[0')],
    ["a file twice", GOOD + GOOD],
    ["files out of order", GOOD.replace('"a"', '"b"') + GOOD],
  ])("with %s are refused", (_, text) => {
    expect(() => decode(text)).toThrow(expect.objectContaining({ code: "ARCHIVE_CORRUPT" }));
  });
});
