import { expect, test } from "vitest";
import type { PlannedEntry } from "../../src/archive/entry.js";
import { findReferences } from "../../src/plan/slim/references.js";
import { sortUnits } from "../../src/plan/slim/units.js";

test("a word alone is a path where it is joined to one, and none where it is only a word", () => {
  expect(findReferences('const at = path.join(__dirname, "test");').paths).toEqual(["test"]);
  expect(findReferences('const mode = process.env.MODE === "test";').paths).toEqual([]);
  expect(findReferences('const kind = "docs/a";').paths).toEqual(["docs/a"]);
});

test("a package's licence is the one beside its package.json: that of what it has copied from others is none", () => {
  const file = (path: string): PlannedEntry => ({ type: "file", path }) as unknown as PlannedEntry;
  const target = { os: "linux", arch: "x64", libc: "glibc", abi: null } as const;
  const paths = ["own/LICENSE.md", "own/index.js", "copies/vendor/LICENSE", "copies/index.js"];
  const { licensed } = sortUnits(
    paths.map((path) => file(`app/node_modules/${path}`)),
    { rules: [], natives: new Map(), target },
  );
  expect([...licensed]).toEqual(["app/node_modules/own"]);
});
