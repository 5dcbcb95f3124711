import { chmodSync, cpSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { listScratch } from "../../src/cache/scratch.js";
import { readHost } from "../../src/manifest/host.js";
import { pack, planPack, type PackOptions } from "../../src/verbs/pack/pack.js";
import { unpack } from "../../src/verbs/unpack.js";
import { makeFolder, writeTree, type Content } from "../environment/tree.js";
import { execute } from "../real/commands.js";
import { ManagerProject } from "./manager-project.js";
import { scratchFolder } from "../scratch.js";

const host = await readHost();
const isUsual = host.os === "linux" && host.arch === "x64" && host.libc === "glibc";

interface Case {
  readonly spec: string;
  /** How it writes its lockfile, and installs for this machine. */
  readonly lock: string;
  readonly install: string;
  /** How its members name one another, and a folder that is to be linked. */
  readonly sister: string;
  readonly link: string;
  readonly files: Readonly<Record<string, Content>>;
  /** Where the binary of the target lies, and what comes by `file:` and by a link. */
  readonly places: readonly string[];
  /** What a member does not need: other members' packages. */
  readonly others: string;
}

const CASES: readonly Case[] = [
  {
    spec: "npm@11.21.2",
    lock: "npm install --package-lock-only --ignore-scripts",
    install: "npm ci --ignore-scripts",
    sister: "1.0.0",
    link: "file",
    files: {},
    places: ["app/node_modules/@node-rs/crc32-linux-arm64-gnu", "links/helper/index.js", "links/tool"],
    others: "app/node_modules/is-odd",
  },
  {
    spec: "pnpm@12.21.0",
    lock: "pnpm install --lockfile-only --ignore-scripts",
    install: "pnpm install --frozen-lockfile --ignore-scripts --config.package-import-method=copy",
    sister: "workspace:*",
    link: "link",
    files: { "pnpm-workspace.yaml": "packages:\n  - packages/*\n" },
    places: [
      "app/node_modules/.pnpm/@node-rs+crc32-linux-arm64-gnu@1.10.6",
      "app/node_modules/.pnpm/helper@file+..+outside+helper/node_modules/helper/index.js",
      "links/tool",
    ],
    others: "app/node_modules/.pnpm/is-odd@3.0.1",
  },
  {
    spec: "yarn@4.18.1",
    lock: "yarn install --mode=skip-build && rm -rf node_modules",
    install: "yarn install --immutable --mode=skip-build",
    sister: "workspace:*",
    link: "link",
    files: { ".yarnrc.yml": "nodeLinker: node-modules\n", "yarn.lock": "" },
    places: ["app/node_modules/@node-rs/crc32-linux-arm64-gnu", "app/node_modules/helper/index.js", "links/tool"],
    others: "app/node_modules/is-odd",
  },
  {
    spec: "yarn@4.18.1",
    lock: "yarn install --mode=skip-build && rm .pnp.cjs",
    install: "yarn install --immutable --mode=skip-build",
    sister: "workspace:*",
    link: "link",
    files: { ".yarnrc.yml": "nodeLinker: pnp\nenableGlobalCache: true\n", "yarn.lock": "" },
    places: ["app/.yarn/unplugged/@node-rs-crc32-linux-arm64-gnu-npm-1.10.6", "app/.yarn/cache/helper-file", "links/tool"],
    others: "app/.yarn/cache/is-odd-npm",
  },
];

const HELLO = "crc 3054782022 day 86400000 helper tool\n";

describe.skipIf(!isUsual).each(CASES)("pack --platform, of a workspace of $spec, $files", (one) => {
  let project: ManagerProject;
  let folder: string;
  let scratch: string;

  beforeAll(async () => {
    folder = makeFolder();
    const { spec, sister, link, files } = one;
    project = await ManagerProject.make(spec, join(folder, "made"), {
      "package.json": { name: "root", version: "9.0.0", private: true, workspaces: ["packages/*"], devDependencies: { semver: "7.7.2" } },
      "packages/app/package.json": {
        name: "app",
        version: "3.0.0",
        dependencies: {
          sister,
          "@node-rs/crc32": "1.10.6",
          helper: "file:../../../outside/helper",
          tool: `${link}:../../../outside/tool`,
        },
        devDependencies: { picocolors: "1.1.1" },
      },
      "packages/app/index.js":
        "console.log('crc', require('@node-rs/crc32').crc32('envpack'), 'day', require('sister'), require('helper'), require('tool'));\n",
      "packages/sister/package.json": { name: "sister", version: "1.0.0", dependencies: { ms: "2.1.3" } },
      "packages/sister/index.js": "module.exports = require('ms')('1 day');\n",
      "packages/other/package.json": { name: "other", version: "1.0.0", dependencies: { "is-odd": "3.0.1" } },
      ...files,
    });
    // Beside the workspace; one has modes of its own, and what an archive would not take.
    writeTree(join(project.root, "../outside"), {
      "helper/package.json": { name: "helper", version: "1.0.0" },
      "helper/index.js": "module.exports = 'helper';\n",
      "helper/.env": "TOKEN=0123456789abcdef\n",
      "helper/.git/HEAD": "ref: refs/heads/main\n",
      "tool/package.json": { name: "tool", version: "1.0.0" },
      "tool/index.js": "module.exports = 'tool';\n",
    });
    chmodSync(join(project.root, "../outside/helper/index.js"), 0o600);
    await project.sh(one.lock);
    project.become();
    scratch = scratchFolder("scratch");
    vi.stubEnv("TMPDIR", scratch);
  });
  afterAll(() => {
    vi.unstubAllEnvs();
  });

  const plan = async (path: string, options: PackOptions = {}): Promise<string[]> =>
    (await planPack({ path: join(project.root, path), platform: "linux-arm64", node: "none", ...options })).entries.map(
      (entry) => entry.path,
    );
  const has = (paths: readonly string[], start: string): boolean => paths.some((path) => path.startsWith(start));

  test("the whole and one member go in with the target's packages, with and without those for development", async () => {
    for (const [path, omit] of [
      ["", []],
      ["packages/app", ["dev"]],
    ] as const) {
      const paths = await plan(path, { omit });
      for (const place of one.places) expect([place, has(paths, place)]).toEqual([place, true]);
      expect(has(paths, one.others)).toBe(path === "");
      for (const name of ["picocolors", "semver"])
        expect([name, paths.some((found) => found.includes(`/${name}`))]).toEqual([name, omit.length === 0]);
      expect(paths.filter((found) => /\.env$|\.git\//.test(found))).toEqual([]);
      expect(existsSync(join(project.root, "node_modules"))).toBe(false);
    }
    expect(await listScratch()).toEqual([]);
  });

  test("a member for this machine's platform is what is installed here, and runs elsewhere without the sources", async () => {
    const options = { node: "none", reuse: false, omit: ["dev"], format: "tar" } as const;
    const path = join(project.root, "packages/app");
    const crossed = await pack({ ...options, path, platform: "linux-x64", output: join(folder, "crossed.tar") });
    // From another depth, whose neighbours come along.
    const deeper = join(folder, "elsewhere/x y/z");
    for (const name of ["project", "outside"])
      cpSync(join(project.root, "..", name), join(deeper, name), { recursive: true, verbatimSymlinks: true });
    const again = await pack({
      ...options,
      path: join(deeper, "project/packages/app"),
      platform: "linux-x64",
      output: join(folder, "again.tar"),
    });
    expect(again.sha256).toBe(crossed.sha256);
    await project.sh(one.install);
    const plain = await pack({ ...options, path, output: join(folder, "plain.tar") });
    expect(plain.sha256).toBe(crossed.sha256);
    const env = join(folder, "moved/a b");
    await unpack({ archive: crossed.output ?? "", target: env });
    rmSync(deeper, { recursive: true });
    const program = join(env, "app/packages/app/index.js");
    const args = existsSync(join(env, "app/.pnp.cjs")) ? ["-r", join(env, "app/.pnp.cjs"), program] : [program];
    const { stdout } = await project.vanished(() => execute(process.execPath, args));
    expect(stdout).toBe(HELLO);
    expect(readdirSync(scratch).filter((name) => name !== "node-compile-cache")).toEqual([]);
  });
});
