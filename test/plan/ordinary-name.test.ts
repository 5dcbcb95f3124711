import { join, posix } from "node:path";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import type { Environment } from "../../src/environment/environment.js";
import { MANAGERS } from "../../src/environment/managers/registry.js";
import { readEnvironment } from "../../src/environment/read.js";
import { CACHES } from "../../src/plan/drops/cache-list.js";
import { isOrdinaryName } from "../../src/plan/ordinary-name.js";
import { mayBeKey } from "../../src/plan/secret-content.js";
import { findOwnSecret } from "../../src/plan/secret-names.js";
import { isSearched } from "../../src/plan/secret-search.js";
import { NOTHING_DECIDED, Selection, type SelectionOptions } from "../../src/plan/selection.js";
import { makeFolder, writeTree } from "../environment/tree.js";
import { PLANTS } from "./secret-plants.js";

const scratch = makeFolder();
const NOTHING_ASKED: SelectionOptions = { rules: [], omitDev: false, includeSecrets: [], output: null };
/** All that the lists know, as paths. */
const LISTED = [
  ...PLANTS.map(([path]) => path),
  ...CACHES.flatMap(({ names = [], tails = [] }) => [...names, ...tails]),
  ...MANAGERS.flatMap(({ state }) => state),
];
const MORE = [
  "id_rsa",
  "id_ed25519",
  "ssh_host_rsa_key",
  "npm-debug.log",
  "yarn-error.log",
  "report.20200101.010101.1.0.001",
  "build",
  "config.gypi",
  "Makefile",
  ".mongorc",
  "envpack",
  ".envpack-x",
  "core",
  "store",
  "metadata",
  "index",
];
const ENDINGS = [
  ".js",
  ".mjs",
  ".d.ts",
  ".tsx",
  ".map",
  ".MD",
  ".html",
  ".css",
  ".svg",
  ".png",
  ".js.map",
  ".json",
  ".bak",
  ".js~",
  " copy.js",
  ".bak.js",
  ".old.md",
  ".p12.js",
  ".env.js",
  "",
];

const words = [...new Set([...LISTED.map((path) => posix.basename(path)), ...MORE])];
const folders = [...new Set([...LISTED.map((path) => posix.dirname(path)), "store/v3", "build", "v10", "coverage"])];
let environment: Environment;

beforeAll(async () => {
  const folder = join(scratch, "p");
  writeTree(folder, { "package.json": { name: "p", version: "1.0.0" }, "node_modules/a/package.json": { name: "a", version: "1.0.0" } });
  environment = await readEnvironment(folder, { node: "none" });
});

test("a file of an ordinary name in a package stays in whatever the lists know", () => {
  const selection = new Selection(environment, NOTHING_ASKED);
  const anyName = fc
    .tuple(fc.constantFrom("", "", "a-", "x.", "#", "copy of "), fc.constantFrom(...words), fc.constantFrom(...ENDINGS))
    .map((parts) => parts.join(""));
  let ordinary = 0;
  fc.assert(
    fc.property(anyName, fc.constantFrom(...folders), (name, folder) => {
      const path = posix.join("node_modules/a", folder, name);
      if (!isOrdinaryName(name)) return;
      ordinary++;
      const decision = selection.decide(
        { path, name, file: join(environment.root, path), type: "file", target: null, names: () => [] },
        NOTHING_DECIDED,
      );
      expect({ name, drop: decision.drop, exempt: decision.exempt }).toEqual({ name, drop: null, exempt: false });
    }),
    { numRuns: 20_000 },
  );
  expect(ordinary).toBeGreaterThan(2000);
});

test("a file of an ordinary name in a package is not looked into, and not counted as one named like a secret", () => {
  const anyName = fc
    .tuple(fc.constantFrom("", "a-", "x."), fc.constantFrom(...words), fc.constantFrom(...ENDINGS))
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(anyName, fc.constantFrom(...folders), (name, folder) => {
      if (!isOrdinaryName(name)) return;
      const found = [findOwnSecret(name.toLowerCase()), isSearched(posix.join("node_modules/a", folder, name), name), mayBeKey(name)];
      expect({ name, found }).toEqual({ name, found: [null, false, false] });
    }),
    { numRuns: 20_000 },
  );
});

test("the shortcut is not taken where something was asked for, nor outside of packages, nor beside the output", () => {
  const keeps = (options: Partial<SelectionOptions>, folder = "node_modules/a", standing = NOTHING_DECIDED): boolean =>
    new Selection(environment, { ...NOTHING_ASKED, ...options }).keepsOrdinary(folder, standing);
  expect(keeps({})).toBe(true);
  expect(keeps({}, "node_modules")).toBe(true);
  expect(keeps({}, "src")).toBe(false);
  expect(keeps({ rules: [{ action: "exclude", pattern: "*.map" }] })).toBe(false);
  expect(keeps({ includeSecrets: ["x"] })).toBe(false);
  expect(keeps({ output: join(environment.root, "node_modules/a/out.js") })).toBe(false);
  for (const change of [{ closed: true }, { rule: 0 }, { gypBuild: true }, { secretsAllowed: true }])
    expect(keeps({}, "node_modules/a", { ...NOTHING_DECIDED, ...change })).toBe(false);
});
