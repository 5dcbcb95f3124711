import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { listScratch } from "../../src/cache/scratch.js";
import { listTree } from "../../src/listing/listing.js";
import { readHost } from "../../src/manifest/host.js";
import { findNatives } from "../../src/native/find-natives.js";
import { fitsPlatform } from "../../src/native/fits.js";
import { pack, planPack } from "../../src/verbs/pack/pack.js";
import { unpack } from "../../src/verbs/unpack.js";
import { makeFolder } from "../environment/tree.js";
import { ManagerProject } from "./manager-project.js";
import { scratchFolder } from "../scratch.js";

const host = await readHost();
const isUsual = host.os === "linux" && host.arch === "x64" && host.libc === "glibc";

/** How each writes its lockfile on this machine, and installs for this machine without scripts. */
const MANAGERS = [
  [
    "pnpm@12.21.0",
    "pnpm install --lockfile-only --ignore-scripts",
    "pnpm install --frozen-lockfile --ignore-scripts --config.package-import-method=copy",
    {},
  ],
  [
    "pnpm@10.34.9",
    "pnpm install --lockfile-only --ignore-scripts",
    "pnpm install --frozen-lockfile --ignore-scripts --config.package-import-method=copy",
    {},
  ],
  [
    "yarn@4.18.1",
    "yarn install --mode=skip-build && rm -rf node_modules",
    "yarn install --immutable --mode=skip-build",
    { ".yarnrc.yml": "nodeLinker: node-modules\n# a word of the user's\n", "yarn.lock": "" },
  ],
  ["bun@1.4.5", "bun install --lockfile-only --ignore-scripts", "bun install --frozen-lockfile --ignore-scripts --backend=copyfile", {}],
  ["deno@2.9.6", "deno install && rm -rf node_modules", "deno install --frozen", { "deno.json": { nodeModulesDir: "auto" } }],
] as const;

const TARGETS = [
  ["linux-arm64", { os: "linux", arch: "arm64", libc: "glibc" }],
  ["linux-x64-musl", { os: "linux", arch: "x64", libc: "musl" }],
] as const;

describe.skipIf(!isUsual).each(MANAGERS)("pack --platform, of a project of %s", (spec, lock, install, files) => {
  let project: ManagerProject;
  let folder: string;
  let scratch: string;

  beforeAll(async () => {
    folder = makeFolder();
    project = await ManagerProject.make(spec, join(folder, "made"), {
      "package.json": { name: "plat", version: "1.0.0", private: true, dependencies: { "@node-rs/crc32": "1.10.6", bufferutil: "4.0.9" } },
      "index.js": "console.log(require('@node-rs/crc32').crc32('envpack'));\n",
      ...files,
    });
    await project.sh(lock);
    project.become();
    scratch = scratchFolder("scratch");
    vi.stubEnv("TMPDIR", scratch);
  });
  afterAll(() => {
    vi.unstubAllEnvs();
  });

  test("holds each platform's binaries alone, and is the same from another folder", async () => {
    const copy = join(folder, "elsewhere/deep er");
    cpSync(project.root, copy, { recursive: true, verbatimSymlinks: true });
    for (const [platform, target] of TARGETS) {
      const both = target.libc === "glibc" ? [project.root, copy] : [project.root];
      const [first, again = first] = await Promise.all(
        both.map((path, index) => pack({ path, platform, node: "none", output: join(folder, `${platform}-${index}.tar`), reuse: false })),
      );
      expect(first?.manifest.platform).toMatchObject(target);
      expect(again?.sha256).toBe(first?.sha256);
      const env = join(folder, "moved", platform);
      await unpack({ archive: first?.output ?? "", target: env, forcePlatform: true });
      const natives = findNatives(listTree(env), []);
      expect(natives.length).toBeGreaterThan(0);
      expect(natives.filter((native) => !fitsPlatform(native, target))).toEqual([]);
    }
    expect(await listScratch()).toEqual([]);
  });

  test("for this machine it is what the manager installs here", async () => {
    // Deno installs what is for the other C library as well, which goes in for this platform alone where it is named.
    const other = [{ action: "exclude", pattern: "*crc32-linux-x64-musl*" }] as const;
    const rules = [{ action: "exclude", pattern: "prebuilds/" } as const, ...(spec.startsWith("deno") ? other : [])];
    const crossed = await pack({
      path: project.root,
      platform: "linux-x64",
      node: "none",
      output: join(folder, "crossed.tar"),
      reuse: false,
      force: true,
      rules,
    });
    await project.sh(install);
    const plain = await pack({ path: project.root, node: "none", output: join(folder, "plain.tar"), reuse: false, force: true, rules });
    expect(crossed.sha256).toBe(plain.sha256);
    rmSync(join(project.root, "node_modules"), { recursive: true });
  });

  test("a package.json that asks for more than the lockfile is refused", async () => {
    const other = join(folder, "outdated");
    cpSync(project.root, other, { recursive: true, verbatimSymlinks: true });
    const json = JSON.parse(readFileSync(join(other, "package.json"), "utf8"));
    json.dependencies.ms = "2.1.3";
    writeFileSync(join(other, "package.json"), JSON.stringify(json));
    await expect(planPack({ path: other, platform: "linux-arm64", node: "none" })).rejects.toMatchObject({ code: "LOCKFILE_UNFIT" });
    expect(await listScratch()).toEqual([]);
  });
});
