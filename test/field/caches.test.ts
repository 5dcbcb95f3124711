import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CACHES } from "../../src/plan/drops/cache-list.js";
import { CacheFinder } from "../../src/plan/drops/find-cache.js";
import { makeFolder, writeTree } from "../environment/tree.js";
import { codes, leftOut, ManagerProject, runMoved } from "./manager-project.js";

const scratch = makeFolder();
let at = 0;
const folder = (): string => join(scratch, String(at++));
const ONE = {
  "package.json": { name: "one", version: "1.0.0", license: "MIT", dependencies: { ms: "2.1.3" }, devDependencies: { semver: "7.6.0" } },
  "index.js": "console.log(require('ms')('1d'));\n",
};

describe("P11: Yarn 4's cache in the project", () => {
  test.each(["node-modules", "pnpm"])("P11: the %s linker has unpacked it: it stays out, and that is told", async (linker) => {
    const project = await ManagerProject.make("yarn@4.18.1", folder(), {
      ...ONE,
      ".yarnrc.yml": `nodeLinker: ${linker}\nenableGlobalCache: false\n`,
      "yarn.lock": "",
    });
    await project.sh("yarn install");
    expect(existsSync(join(project.root, ".yarn/cache"))).toBe(true);
    const packed = await project.pack("p11");
    expect(packed.leftOut).toContainEqual(expect.objectContaining({ path: "app/.yarn/cache", reason: "cache" }));
    expect(existsSync(join(packed.env, "app/.yarn/cache"))).toBe(false);
    await project.vanished(() => {
      expect(runMoved(packed, "bin/node", "app/index.js")).toBe("86400000");
    });
  });

  test("P11: a cache of another name, as .yarnrc.yml says, stays out too", async () => {
    const project = await ManagerProject.make("yarn@4.18.1", folder(), {
      ...ONE,
      ".yarnrc.yml": "nodeLinker: node-modules\nenableGlobalCache: false\ncacheFolder: ./.ci/berry\n",
      "yarn.lock": "",
    });
    await project.sh("yarn install");
    expect(leftOut(await project.pack("p11"))).toContain("app/.ci/berry");
  });

  test("P11: Plug'n'Play loads from it: it goes in, and without what is for development where that is left out", async () => {
    const project = await ManagerProject.make("yarn@4.18.1", folder(), {
      ...ONE,
      ".yarnrc.yml": "enableGlobalCache: false\n",
      "yarn.lock": "",
    });
    await project.sh("yarn install");
    const packed = await project.pack("p11", { omit: ["dev"] });
    const { stdout } = await project.sh(`ls '${packed.env}/app/.yarn/cache'`);
    expect(stdout).toMatch(/^ms-npm-2\.1\.3-\S+\.zip\n$/);
  });
});

describe("P12: caches that package managers were told to keep in the project", () => {
  test.each([
    [
      "npm@11.21.2",
      "npm install --cache .npm && npm exec --cache .npm --yes -- semver@7.5.0 1.2.3",
      ["app/.npm/_cacache", "app/.npm/_logs"],
    ],
    ["npm@11.21.2", "npm install --cache . --logs-dir logs", ["app/_cacache"]],
    ["pnpm@10.34.9", "pnpm install --store-dir .pnpm-store", ["app/.pnpm-store/v10/files", "app/.pnpm-store/v10/index"]],
    ["pnpm@12.21.0", "pnpm install --store-dir ci/store", ["app/ci/store/v11/files"]],
    ["yarn@1.22.22", "yarn install --cache-folder .yarn-cache", ["app/.yarn-cache/v6"]],
    ["bun@1.4.5", "BUN_INSTALL_CACHE_DIR=$PWD/.bun-cache bun install", ["app/.bun-cache"]],
    ["deno@2.9.6", "DENO_DIR=$PWD/.deno-dir deno install", ["app/.deno-dir"]],
  ])("P12: %s: %s", async (spec, line, paths) => {
    const project = await ManagerProject.make(spec, folder(), ONE);
    await project.sh(line);
    const packed = await project.pack("p12");
    expect(leftOut(packed)).toEqual(expect.arrayContaining(paths));
    // Logs are left out as what may hold tokens.
    expect(
      packed.leftOut
        .filter(({ path }) => paths.includes(path))
        .every(({ reason, files }) => (reason === "cache" && (files ?? 0) > 0) || reason === "secret"),
    ).toBe(true);
    expect(codes(packed)).toEqual([]);
    await project.vanished(() => {
      expect(runMoved(packed, "bin/node", "app/index.js")).toBe("86400000");
    });
  });

  test("P12: what .npmrc and .yarnrc name", async () => {
    const project = await ManagerProject.make("npm@11.21.2", folder(), {
      ...ONE,
      ".npmrc": "cache=.ci/npm\n",
      ".yarnrc": 'yarn-offline-mirror "./mirror"\n',
      "mirror/ms-2.1.3.tgz": "x",
    });
    await project.sh("npm install");
    expect(leftOut(await project.pack("p12"))).toEqual(expect.arrayContaining(["app/.ci/npm", "app/mirror"]));
  });
});

describe("P12: the list of tools' caches", () => {
  test("P12: each row has a tool, a reason, and something that it is told by", () => {
    for (const { tool, why, names, tails, holds } of CACHES)
      expect([tool, why, names ?? tails ?? holds]).toEqual([expect.stringMatching(/./), expect.stringMatching(/./), expect.anything()]);
  });

  const root = folder();
  const find = (path: string, names: readonly string[] = [], type = "folder"): string | null =>
    new CacheFinder({ root, kind: "project" }).find({ path, name: path.slice(path.lastIndexOf("/") + 1), type, names: () => names })
      ?.kind ?? null;

  test.each([
    ".turbo",
    ".nx/cache",
    "apps/web/.nx/workspace-data",
    ".parcel-cache",
    "node_modules/.vite",
    "node_modules/.cache",
    "apps/web/.next/cache",
    ".angular/cache",
    ".cache/yarn",
    ".node-gyp",
    "packages/a/npm-debug.log",
  ])("P12: %s stays out", (path) => {
    expect(find(path)).not.toBeNull();
  });

  test.each<[string, readonly string[]]>([
    ["cache", ["a.js"]],
    [".cache", ["puppeteer"]],
    [".cache/puppeteer", ["chrome"]],
    ["v1", ["files", "index.js"]],
    ["api/v2", ["files", "users"]],
    ["_logs", ["index.js"]],
    ["_cacache", ["index.js"]],
    [".vite", ["build"]],
    ["node_modules/.prisma", ["client"]],
    ["node_modules/x/v6", ["npm-a-1.0.0-integrity"]],
    ["archives", ["a.zip", "b.zip"]],
    ["links", ["a"]],
  ])("P12: a folder of the user's own goes in: %s with %j", (path, names) => {
    writeTree(root, { "package.json": {} });
    expect(find(path, names)).toBeNull();
  });
});
