import { mkdirSync, realpathSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { findClosure } from "../../src/environment/closure.js";
import { findInstalled } from "../../src/environment/installed.js";
import { makeFolder, writeTree } from "./tree.js";

const json = (name: string, dependencies: object = {}): object => ({ name, version: "1.0.0", dependencies });

/** Packages beside and below each other, in a scope, behind a link, broken, and one that is nowhere. */
const PACKAGES = {
  "package.json": json("p", { a: "1", "@s/b": "1", linked: "1", broken: "1", nowhere: "1" }),
  "node_modules/a/package.json": json("a", { c: "1", "@s/b": "1" }),
  "node_modules/a/node_modules/c/package.json": json("c"),
  "node_modules/@s/b/package.json": json("@s/b", { c: "1" }),
  "node_modules/c/package.json": json("c", { a: "1" }),
  "node_modules/broken/package.json": "{",
  "real/linked/package.json": json("linked", { c: "1" }),
  "node_modules/linked": { link: "../real/linked" },
};

function closures(root: string): [unknown, unknown] {
  const known = new Map(findInstalled(root, [""]).map(({ path, json: found }) => [join(root, path), found]));
  return [findClosure([root], true), findClosure([root], true, known)];
}

test("what was read before makes no difference to what is found", () => {
  const root = writeTree(join(realpathSync(makeFolder()), "p"), PACKAGES);
  const [read, known] = closures(root);
  expect([...(read as Map<string, unknown>).keys()]).toHaveLength(6);
  expect(known).toEqual(read);
});

test("packages of a node_modules that is a link are found at their own place", () => {
  const root = writeTree(join(realpathSync(makeFolder()), "p"), PACKAGES);
  const elsewhere = writeTree(join(realpathSync(makeFolder()), "q"), PACKAGES);
  const linked = join(realpathSync(makeFolder()), "r");
  mkdirSync(linked);
  writeTree(linked, { "package.json": PACKAGES["package.json"] });
  symlinkSync(join(elsewhere, "node_modules"), join(linked, "node_modules"));
  const [read, known] = closures(linked);
  expect([...(read as Map<string, unknown>).keys()]).toContain(join(elsewhere, "node_modules/a"));
  expect(known).toEqual(read);
  // The same of a scope.
  const scope = join(root, "node_modules/@t");
  symlinkSync(join(elsewhere, "node_modules/@s"), scope);
  writeTree(root, { "node_modules/c/package.json": json("c", { "@t/b": "1" }) });
  const [readScope, knownScope] = closures(root);
  expect(knownScope).toEqual(readScope);
  unlinkSync(scope);
});
