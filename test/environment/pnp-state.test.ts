import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { readPnpState } from "../../src/environment/pnp/state.js";
import { scratchFolder } from "../scratch.js";

let folder: string;
beforeAll(() => {
  folder = scratchFolder("pnp");
});

const STATE = {
  ignorePatternData: "(^(?:\\.yarn\\/sdks'))",
  packageRegistryData: [
    [null, [[null, { packageLocation: "./", packageDependencies: [["a", "npm:1.0.0"]], linkType: "SOFT" }]]],
    [
      "a",
      [
        [
          "npm:1.0.0",
          {
            packageLocation: "../cache/a.zip/node_modules/a/",
            packageDependencies: [
              ["b", ["c", "npm:2.0.0"]],
              ["d", null],
            ],
            linkType: "HARD",
          },
        ],
      ],
    ],
  ],
};

/** As Yarn writes it: a JSON text in a literal with a backslash before each end of line. */
function program(state: object): string {
  const literal = JSON.stringify(state, null, 2).replace(/\\/g, "\\\\").replace(/'/g, "\\'").replace(/\n/g, "\\\n");
  return `#!/usr/bin/env node\n"use strict";\n\nconst RAW_RUNTIME_STATE =\n'${literal}';\n\nmodule.exports = JSON.parse(RAW_RUNTIME_STATE);\n`;
}

test("packages are read without running the file, aliases and absent peers too", () => {
  writeFileSync(join(folder, ".pnp.cjs"), program(STATE));
  const { packages, file } = readPnpState(folder);
  expect(file).toBe(".pnp.cjs");
  expect([...packages.keys()]).toEqual(["", "a@npm:1.0.0"]);
  expect(packages.get("a@npm:1.0.0")).toMatchObject({
    location: "../cache/a.zip/node_modules/a/",
    dependencies: new Map([["b", "c@npm:2.0.0"]]),
    soft: false,
  });
});

test("a changed location is the only thing that changes, and the file still runs", async () => {
  writeFileSync(join(folder, ".pnp.cjs"), program(STATE));
  const changed = readPnpState(folder).relocate((location) => location.replace("../cache/", "./.yarn/cache/")) ?? "";
  expect(changed).toBe(readFileSync(join(folder, ".pnp.cjs"), "utf8").replace("../cache/", "./.yarn/cache/"));
  writeFileSync(join(folder, "changed.cjs"), changed);
  const loaded = (await import(join(folder, "changed.cjs"))) as { default: typeof STATE };
  expect(loaded.default.ignorePatternData).toBe(STATE.ignorePatternData);
});

test("nothing to change gives null", () => {
  writeFileSync(join(folder, ".pnp.cjs"), program(STATE));
  expect(readPnpState(folder).relocate((location) => location)).toBeNull();
});

test("without inlining the packages are those of .pnp.data.json", () => {
  writeFileSync(join(folder, ".pnp.cjs"), "const data = require('./.pnp.data.json');\n");
  writeFileSync(join(folder, ".pnp.data.json"), JSON.stringify(STATE));
  const state = readPnpState(folder);
  expect(state.file).toBe(".pnp.data.json");
  expect(state.packages.size).toBe(2);
});

test.each(["", "const RAW_RUNTIME_STATE = '{\"packageRegistryData\": [1]}';", "const RAW_RUNTIME_STATE = '{"])(
  "what is no state of Plug'n'Play is refused: %s",
  (text) => {
    writeFileSync(join(folder, ".pnp.cjs"), text);
    rmSync(join(folder, ".pnp.data.json"), { force: true });
    expect(() => readPnpState(folder)).toThrow(expect.objectContaining({ code: "NOT_INSTALLED" }));
  },
);
