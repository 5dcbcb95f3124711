import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { InstalledFolder } from "../../src/environment/installed.js";
import { flagsOf } from "../../src/environment/managers/lock-graph.js";
import type { DevelopmentFlags, Project } from "../../src/environment/managers/manager.js";
import { bun } from "../../src/environment/managers/bun/bun.js";
import { deno } from "../../src/environment/managers/deno/deno.js";
import { npm } from "../../src/environment/managers/npm/npm.js";
import { readPnpmImporters, readPnpmLock } from "../../src/environment/managers/pnpm/lockfile.js";
import { pnpm } from "../../src/environment/managers/pnpm/pnpm.js";
import { readYarn1Lock } from "../../src/environment/managers/yarn1/lockfile.js";
import { yarn1 } from "../../src/environment/managers/yarn1/yarn1.js";
import { readYarn4Lock } from "../../src/environment/managers/yarn4/lockfile.js";
import { yarn4 } from "../../src/environment/managers/yarn4/yarn4.js";
import { readOwnPackageJson, readPackageJsonText, type PackageJson } from "../../src/environment/package-json.js";
import { makeFolder, writeTree } from "./tree.js";

/* Lockfiles that the managers themselves wrote for lockfiles/package.json, without the addresses in them. */
const LOCKFILES = join(import.meta.dirname, "lockfiles");
const scratch = makeFolder();
let at = 0;

const json = (fields: object): PackageJson => readPackageJsonText(JSON.stringify(fields)) as PackageJson;
const folder = (path: string, name: string, version: string): InstalledFolder => ({
  path,
  installedAs: name,
  json: json({ name, version }),
});

/** What all of them install, where a flat node_modules has it; "short" is another name for is-odd. */
const PRODUCTION = [
  folder("node_modules/debug", "debug", "4.3.4"),
  folder("node_modules/ms", "ms", "2.1.2"),
  folder("node_modules/short", "is-odd", "3.0.1"),
  folder("node_modules/is-number", "is-number", "6.0.0"),
];
const DEVELOPMENT = [
  folder("node_modules/semver", "semver", "7.5.0"),
  folder("node_modules/lru-cache", "lru-cache", "6.0.0"),
  folder("node_modules/yallist", "yallist", "4.0.0"),
];
const STRANGER = folder("node_modules/stranger", "stranger", "1.0.0");

function makeProject(lockfile: string, installed: readonly InstalledFolder[], edit = (text: string): string => text): Project {
  const root = writeTree(join(scratch, String(at++)), { "node_modules/": "" });
  copyFileSync(join(LOCKFILES, "package.json"), join(root, "package.json"));
  const [name = ""] = lockfile.split("/").slice(-1);
  writeTree(root, { [name]: edit(readFileSync(join(LOCKFILES, lockfile), "utf8")) });
  return { root, json: readOwnPackageJson(root) as PackageJson, members: [], installed };
}

describe.each([
  ["npm, lockfileVersion 3", "npm3/package-lock.json", npm],
  ["npm, lockfileVersion 1", "npm1/package-lock.json", npm],
  ["pnpm, lockfileVersion 9.0", "pnpm9/pnpm-lock.yaml", pnpm],
  ["Yarn 1", "yarn1/yarn.lock", yarn1],
  ["Yarn 4", "yarn4/yarn.lock", yarn4],
  ["Bun", "bun/bun.lock", bun],
  ["Deno", "deno/deno.lock", deno],
])("a lockfile of %s", (_, lockfile, manager) => {
  test("tells what only development needs, through an alias and what packages depend on", () => {
    const flags = manager.readDevelopment(makeProject(lockfile, [...PRODUCTION, ...DEVELOPMENT, STRANGER])) as DevelopmentFlags;
    for (const { path } of PRODUCTION) expect([path, flags.isKnown(path), flags.isDevelopment(path)]).toEqual([path, true, false]);
    for (const { path } of DEVELOPMENT) expect([path, flags.isKnown(path), flags.isDevelopment(path)]).toEqual([path, true, true]);
    expect([flags.isKnown(STRANGER.path), flags.isDevelopment(STRANGER.path)]).toEqual([false, false]);
  });
});

describe("pnpm's lockfile", () => {
  const read = (edit: (text: string) => string, installed = PRODUCTION): Project => makeProject("pnpm9/pnpm-lock.yaml", installed, edit);

  test("is found behind the document that pnpm 12 puts in front of it", () => {
    const project = read((text) => `---\nlockfileVersion: '9.0'\nimporters:\n  .:\n    configDependencies: {}\n---\n${text}`);
    expect(readPnpmLock(project.root)?.packages.size).toBe(8);
  });

  test("is the last document where the first one has packages of its own, for every reader", () => {
    const first =
      "---\nlockfileVersion: '9.0'\nimporters:\n  .:\n    configDependencies:\n      '@pnpm/x':\n        specifier: 1.0.0\n        version: 1.0.0\nsnapshots:\n  '@pnpm/x@1.0.0': {}\n---\n";
    const project = read((text) => first + text);
    writeTree(project.root, { "pnpm-workspace.yaml": "configDependencies: {}\n" });
    expect([readPnpmLock(project.root)?.packages.size, readPnpmLock(project.root)?.packages.has("@pnpm/x@1.0.0")]).toEqual([8, false]);
    expect(readPnpmImporters(project.root)).toEqual(["."]);
  });

  test.each([
    [
      "of an older version",
      "lockfileVersion: '6.0'\ndependencies:\n  debug:\n    specifier: 4.3.4\n    version: 4.3.4\npackages:\n  /debug@4.3.4:\n    dev: false\n",
    ],
    ["that is no YAML", "importers: [\n"],
    ["that is a list", "- a\n"],
    ["that is empty", ""],
  ])("%s leaves the answer to the packages' own dependencies", (_, text) => {
    const project = read(() => text);
    expect(pnpm.readDevelopment(project)).toBeNull();
  });

  test("knows packages with peers, scopes and addresses by their names", () => {
    const text = `lockfileVersion: '9.0'
importers:
  .:
    dependencies:
      '@s/a': {specifier: 1.0.0, version: 1.0.0(peer@2.0.0)}
      git: {specifier: x, version: https://codeload.example/x/tar.gz/abc}
      linked: {specifier: link:../x, version: link:../x}
snapshots:
  '@s/a@1.0.0(peer@2.0.0)':
    dependencies: {peer: 2.0.0, other: real@3.0.0}
  peer@2.0.0: {}
  real@3.0.0: {}
  git@https://codeload.example/x/tar.gz/abc: {}
`;
    const names = [
      ["@s/a", "1.0.0"],
      ["peer", "2.0.0"],
      ["real", "3.0.0"],
      ["git", "0.1.0"],
    ] as const;
    const installed = names.map(([name, version]) => folder(`node_modules/.pnpm/x/node_modules/${name}`, name, version));
    const project = read(() => text, installed);
    expect(installed.map(({ path }) => pnpm.readDevelopment(project)?.isDevelopment(path))).toEqual([false, false, false, false]);
  });
});

describe("Yarn's lockfile", () => {
  test("that is no YAML leaves the answer to the packages' own dependencies", () => {
    expect(readYarn4Lock(makeProject("yarn4/yarn.lock", PRODUCTION, () => "__metadata:\n  a: [\n"))).toBeNull();
  });

  test("has packages under other ranges than those that ask for them: by resolutions, catalogs, folders and patches", () => {
    const entry = (key: string, version: string, needs = ""): string => `${JSON.stringify(key)}:\n  version: ${version}\n${needs}`;
    const text = [
      "__metadata:\n  version: 9",
      entry("helper@file:../helper::locator=app%40workspace%3A.", "1.0.0", '  dependencies:\n    ms: "npm:^2.0.0"\n'),
      entry("ms@npm:2.1.3", "2.1.3"),
      entry("listed@npm:^1.0.0", "1.2.0"),
      entry("patched@patch:patched@npm%3A1.0.0#~/.yarn/patches/p.patch", "1.0.0"),
      entry("semver@npm:7.5.0", "7.5.0"),
    ].join("\n\n");
    const names = [
      ["helper", "1.0.0"],
      ["ms", "2.1.3"],
      ["listed", "1.2.0"],
      ["patched", "1.0.0"],
      ["semver", "7.5.0"],
    ] as const;
    const installed = names.map(([name, version]) => folder(`node_modules/${name}`, name, version));
    const project = {
      ...makeProject("yarn4/yarn.lock", installed, () => text),
      json: json({
        dependencies: { helper: "file:../helper", listed: "catalog:", patched: "1.0.0" },
        devDependencies: { semver: "7.5.0" },
      }),
    };
    const flags = yarn4.readDevelopment(project);
    expect(installed.map(({ path }) => flags?.isDevelopment(path))).toEqual([false, false, false, false, true]);
  });

  test("of version 1 with quoted names, several ranges and scopes", () => {
    const text =
      '"@s/a@^1.0.0", "@s/a@~1.0.1":\n  version "1.0.2"\n  dependencies:\n    "@s/b" "^2.0.0 || ^3"\n\n"@s/b@^2.0.0 || ^3":\n  version "3.0.0"\n';
    const project = {
      ...makeProject("yarn1/yarn.lock", [folder("node_modules/@s/b", "@s/b", "3.0.0")], () => text),
      json: json({ dependencies: { "@s/a": "~1.0.1" } }),
    };
    const graph = readYarn1Lock(project);
    expect([...(graph?.packages.values() ?? [])]).toEqual([
      { id: "@s/a@1.0.2", dependencies: ["@s/b@^2.0.0 || ^3"] },
      { id: "@s/b@3.0.0", dependencies: [] },
    ]);
    expect(graph !== null && flagsOf(graph, project).isDevelopment("node_modules/@s/b")).toBe(false);
  });
});
