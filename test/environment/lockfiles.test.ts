import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { InstalledFolder } from "../../src/environment/installed.js";
import { flagsOf } from "../../src/environment/managers/lock-graph.js";
import type { DevelopmentFlags, Project } from "../../src/environment/managers/manager.js";
import { npm } from "../../src/environment/managers/npm.js";
import { pnpm } from "../../src/environment/managers/pnpm.js";
import { readPnpmLock } from "../../src/environment/managers/pnpm-lock.js";
import { readYarnLock } from "../../src/environment/managers/yarn-lock.js";
import { yarn } from "../../src/environment/managers/yarn.js";
import { readOwnPackageJson, readPackageJsonText, type PackageJson } from "../../src/environment/package-json.js";
import { makeFolder, writeTree } from "./tree.js";

/* Lockfiles that the managers themselves wrote for lockfiles/package.json, without the addresses in them. */
const LOCKFILES = join(import.meta.dirname, "lockfiles");
const scratch = makeFolder();
let at = 0;

const json = (fields: object): PackageJson => readPackageJsonText(JSON.stringify(fields)) as PackageJson;
const folder = (path: string, name: string, version: string): InstalledFolder => ({ path, installedAs: name, json: json({ name, version }) });

/** What all of them install, where a flat node_modules has it; "short" is another name for is-odd. */
const PRODUCTION = [folder("node_modules/debug", "debug", "4.3.4"), folder("node_modules/ms", "ms", "2.1.2"), folder("node_modules/short", "is-odd", "3.0.1"), folder("node_modules/is-number", "is-number", "6.0.0")];
const DEVELOPMENT = [folder("node_modules/semver", "semver", "7.5.0"), folder("node_modules/lru-cache", "lru-cache", "6.0.0"), folder("node_modules/yallist", "yallist", "4.0.0")];
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
  ["Yarn 1", "yarn1/yarn.lock", yarn],
  ["Yarn 4", "yarn4/yarn.lock", yarn],
])("a lockfile of %s", (_, lockfile, manager) => {
  test("tells what only development needs, through an alias and what packages depend on", () => {
    const flags = manager.readDevelopment(makeProject(lockfile, [...PRODUCTION, ...DEVELOPMENT, STRANGER])) as DevelopmentFlags;
    for (const { path } of PRODUCTION) expect([path, flags.isKnown(path), flags.isDevelopment(path)]).toEqual([path, true, false]);
    for (const { path } of DEVELOPMENT) expect([path, flags.isKnown(path), flags.isDevelopment(path)]).toEqual([path, true, true]);
    expect([flags.isKnown(STRANGER.path), flags.isDevelopment(STRANGER.path)]).toEqual([false, false]);
  });

  test("finds no fault with a whole installation, one without development, and one without optional packages", () => {
    manager.checkInstalled(makeProject(lockfile, [...PRODUCTION, ...DEVELOPMENT]));
    manager.checkInstalled(makeProject(lockfile, PRODUCTION));
  });
});

describe.each([
  ["npm3/package-lock.json", npm, "npm ci"],
  ["npm1/package-lock.json", npm, "npm ci"],
  ["pnpm9/pnpm-lock.yaml", pnpm, "pnpm install --frozen-lockfile"],
])("an installation that was cut off is refused by %s", (lockfile, manager, install) => {
  test.each([
    ["a package is missing", PRODUCTION.filter(({ installedAs }) => installedAs !== "ms"), /: ms@2\.1\.2 is missing$/],
    ["two are missing", PRODUCTION.slice(0, 2), /is-(odd|number)@\S+ is missing, \S+@\S+ is missing$|short@3.0.1/],
    ["one is of an older version", [...PRODUCTION.filter(({ installedAs }) => installedAs !== "ms"), folder("node_modules/ms", "ms", "2.0.0")], /: ms@2\.1\.2 is (missing|installed as 2\.0\.0)$/],
  ])("%s", (_, installed, message) => {
    const project = makeProject(lockfile, installed);
    const expected: unknown = expect.objectContaining({ code: "LOCK_MISMATCH", path: project.root, message: expect.stringMatching(message) as string, hint: `install what the lockfile says with \`${install}\`` });
    expect(() => { manager.checkInstalled(project); }).toThrow(expected);
  });
});

describe("pnpm's lockfile", () => {
  const read = (edit: (text: string) => string, installed = PRODUCTION): Project => makeProject("pnpm9/pnpm-lock.yaml", installed, edit);

  test("is found behind the document that pnpm 12 puts in front of it", () => {
    const project = read((text) => `---\nlockfileVersion: '9.0'\nimporters:\n  .:\n    configDependencies: {}\n---\n${text}`);
    expect(readPnpmLock(project.root)?.packages.size).toBe(8);
  });

  test.each([
    ["of an older version", "lockfileVersion: '6.0'\ndependencies:\n  debug:\n    specifier: 4.3.4\n    version: 4.3.4\npackages:\n  /debug@4.3.4:\n    dev: false\n"],
    ["that is no YAML", "importers: [\n"],
    ["that is a list", "- a\n"],
    ["that is empty", ""],
  ])("%s leaves the answer to the packages' own dependencies", (_, text) => {
    const project = read(() => text);
    expect(pnpm.readDevelopment(project)).toBeNull();
    pnpm.checkInstalled(project);
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
    const names = [["@s/a", "1.0.0"], ["peer", "2.0.0"], ["real", "3.0.0"], ["git", "0.1.0"]] as const;
    const installed = names.map(([name, version]) => folder(`node_modules/.pnpm/x/node_modules/${name}`, name, version));
    const project = read(() => text, installed);
    pnpm.checkInstalled(project);
    expect(installed.map(({ path }) => pnpm.readDevelopment(project)?.isDevelopment(path))).toEqual([false, false, false, false]);
    expect(() => { pnpm.checkInstalled({ ...project, installed: installed.slice(0, 3) }); }).toThrow("git@https://codeload.example/x/tar.gz/abc is missing");
  });

  test("of a workspace asks of members only what is installed there", () => {
    const project = read((text) => text.replace("packages:\n", "  bare:\n    dependencies:\n      gone: {specifier: 1.0.0, version: 1.0.0}\n\npackages:\n").replace("snapshots:\n", "snapshots:\n\n  gone@1.0.0: {}\n"));
    pnpm.checkInstalled(project);
    writeTree(project.root, { "bare/node_modules/": "" });
    expect(() => { pnpm.checkInstalled(project); }).toThrow("gone@1.0.0 is missing");
  });

  test("says nothing where its packages lie elsewhere, as with a global virtual store", () => {
    pnpm.checkInstalled(read((text) => text, []));
  });
});

describe("Yarn's lockfile", () => {
  test("that is no YAML leaves the answer to the packages' own dependencies", () => {
    expect(readYarnLock(makeProject("yarn4/yarn.lock", PRODUCTION, () => "__metadata:\n  a: [\n"))).toBeNull();
  });

  test("of version 1 with quoted names, several ranges and scopes", () => {
    const text = '"@s/a@^1.0.0", "@s/a@~1.0.1":\n  version "1.0.2"\n  dependencies:\n    "@s/b" "^2.0.0 || ^3"\n\n"@s/b@^2.0.0 || ^3":\n  version "3.0.0"\n';
    const project = { ...makeProject("yarn1/yarn.lock", [folder("node_modules/@s/b", "@s/b", "3.0.0")], () => text), json: json({ dependencies: { "@s/a": "~1.0.1" } }) };
    const graph = readYarnLock(project);
    expect([...(graph?.packages.values() ?? [])]).toEqual([
      { id: "@s/a@1.0.2", dependencies: ["@s/b@^2.0.0 || ^3"] },
      { id: "@s/b@3.0.0", dependencies: [] },
    ]);
    expect(graph !== null && flagsOf(graph, project).isDevelopment("node_modules/@s/b")).toBe(false);
  });
});
