import { expect, test } from "vitest";
import type { Entry } from "../../../src/archive/entry.js";
import { digestEntries } from "../../../src/archive/digest-entries.js";
import { digestPackages, packageFinder } from "../../../src/inspect/fleet/digests.js";

const file = (path: string, digit = "0"): Entry => ({ type: "file", path, executable: false, size: 1, sha256: digit.repeat(64) });
const folder = (path: string): Entry => ({ type: "directory", path });

const A = { name: "a", version: "1.0.0", path: "app/node_modules/a" };
const INNER = { name: "b", version: "2.0.0", path: "app/node_modules/a/node_modules/b" };
const ENTRIES = [
  folder("app"),
  file("app/x"),
  folder(A.path),
  file(`${A.path}/i.js`),
  folder(INNER.path),
  file(`${INNER.path}/i.js`),
  folder("app/node_modules/ab"),
];

test("a file belongs to the deepest package that holds it", () => {
  const ownerOf = packageFinder([A, INNER]);
  expect(
    [`${INNER.path}/lib/i.js`, INNER.path, `${A.path}/node_modules`, "app/node_modules/ab", "app"].map(
      (path) => ownerOf(path)?.name ?? null,
    ),
  ).toEqual(["b", "b", "a", null, null]);
});

test("a change shows in the digest of its package, and in no other", () => {
  const before = digestPackages(ENTRIES, [A, INNER]);
  const after = digestPackages(
    ENTRIES.map((entry) => (entry.path === `${INNER.path}/i.js` ? file(entry.path, "1") : entry)),
    [A, INNER],
  );
  expect(after.packages[0]).toBe(before.packages[0]);
  expect(after.packages[1]).not.toBe(before.packages[1]);
  expect(after.others).toBe(before.others);
  expect(after.content).not.toBe(before.content);
  expect(before.content).toBe(digestEntries(ENTRIES));
});

test("a package that holds all else takes what no other does", () => {
  const whole = { name: "whole", version: "1.0.0", path: "" };
  expect(packageFinder([whole, A])("bin/x")?.name).toBe("whole");
  expect(digestPackages([file("x")], [whole]).others).toBe(digestPackages([], []).content);
});
