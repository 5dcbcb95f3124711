import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { generateKeyPairSync } from "node:crypto";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { listScratch } from "../../src/cache/scratch.js";
import { listTree } from "../../src/listing/listing.js";
import { readHost } from "../../src/manifest/host.js";
import { findNatives } from "../../src/native/find-natives.js";
import { fitsPlatform } from "../../src/native/fits.js";
import { info } from "../../src/verbs/info.js";
import { pack, planPack, type PackOptions } from "../../src/verbs/pack/pack.js";
import { unpack } from "../../src/verbs/unpack.js";
import { makeFolder, writeTree } from "../environment/tree.js";
import { execute } from "../real/commands.js";
import { ManagerProject } from "./manager-project.js";
import { scratchFolder } from "../scratch.js";
import { refusalOf } from "./refusal-of.js";

const host = await readHost();
const isUsual = host.os === "linux" && host.arch === "x64" && host.libc === "glibc";

/** The platform, how its archive is named, and a package that only that platform gets. */
const TARGETS = [
  ["linux-arm64", "linux-arm64.tar.zst", "crc32-linux-arm64-gnu", { os: "linux", arch: "arm64", libc: "glibc" }],
  ["linux-x64-musl", "linux-x64-musl.tar.zst", "crc32-linux-x64-musl", { os: "linux", arch: "x64", libc: "musl" }],
  ["darwin-arm64", "darwin-arm64.tar.gz", "crc32-darwin-arm64", { os: "darwin", arch: "arm64", libc: null }],
  ["win32-x64", "win32-x64.zip", "crc32-win32-x64-msvc", { os: "win32", arch: "x64", libc: null }],
] as const;

describe.skipIf(!isUsual)("pack --platform, of a project with npm's lockfile", () => {
  let project: ManagerProject;
  let folder: string;
  let scratch: string;

  beforeAll(async () => {
    folder = makeFolder();
    project = await ManagerProject.make("npm@11.21.2", join(folder, "made"), {
      "package.json": {
        name: "plat",
        version: "1.0.0",
        private: true,
        dependencies: { "@node-rs/crc32": "1.10.6", bufferutil: "4.0.9" },
        devDependencies: { ms: "2.1.3" },
      },
      "index.js": "console.log(require('@node-rs/crc32').crc32('envpack'));\n",
      "lib/deep/a b.txt": "text\n",
      ".env": "TOKEN=0123456789abcdef\n",
      ".npmrc": "//registry.example/:_authToken=npm_0123456789abcdefghijklmnopqrstuvwxyz\n",
    });
    await project.sh("npm install --package-lock-only --ignore-scripts");
    project.become();
    scratch = scratchFolder("scratch");
    vi.stubEnv("TMPDIR", scratch);
  });
  afterAll(() => {
    vi.unstubAllEnvs();
  });

  const packInto = (out: string, options: PackOptions) =>
    pack({ path: project.root, output: `${join(folder, out)}/`, force: true, reuse: false, node: "none", ...options });
  const refusal = (options: PackOptions) => refusalOf(planPack({ path: project.root, node: "none", ...options }));

  test.each(TARGETS)(
    "%s: holds that platform's binaries alone, says so, and is the same again and from elsewhere",
    async (platform, ending, only, target) => {
      const before = snapshot(project.root);
      const result = await packInto("out", { platform });
      expect(snapshot(project.root)).toEqual(before);
      expect(result.output).toBe(join(folder, "out", `plat-1.0.0-${ending}`));
      expect(result.manifest.platform).toMatchObject(target);
      expect(result.leftOut.map(({ reason }) => reason)).toContain("platform");
      expect(result.leftOut.map(({ path }) => path)).toContain("app/.env");
      const env = join(folder, "moved", platform, "a b/c");
      await expect(unpack({ archive: result.output ?? "", target: env })).rejects.toMatchObject({ code: "PLATFORM_MISMATCH" });
      expect((await info({ path: result.output ?? "" })).unfit).toMatch(/this machine/);
      await unpack({ archive: result.output ?? "", target: env, forcePlatform: true });
      const natives = findNatives(listTree(env), []);
      expect(natives.length).toBeGreaterThan(0);
      expect(natives.filter((native) => !fitsPlatform(native, target))).toEqual([]);
      expect(readdirSync(join(env, "app/node_modules/@node-rs")).sort()).toEqual(["crc32", only]);
      expect(existsSync(join(env, "app/.npmrc"))).toBe(false);
      expect(existsSync(join(env, "bin/envpack.cmd"))).toBe(target.os === "win32");
      // Again, and from another folder with another depth; once a C library is enough.
      if (target.libc === null) return;
      const copy = join(folder, "copy of it", platform, "x/y/z");
      cpSync(project.root, copy, { recursive: true });
      const again = await packInto("out2", { platform, path: copy });
      expect(again.sha256).toBe(result.sha256);
      expect(await listScratch()).toEqual([]);
    },
  );

  test("what is told of its origin, and what is kept safe, is the project's own folder and not the copy", async () => {
    const git = (...words: string[]) => execute("git", ["-C", project.root, "-c", "user.name=a", "-c", "user.email=a@b", ...words]);
    git("init", "-q");
    git("add", "package-lock.json");
    git("commit", "-qm", "one");
    const commit = git("rev-parse", "HEAD").stdout.trim();
    const key = join(folder, "key.pem");
    writeFileSync(key, generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }));
    const signed = await packInto("signed", { platform: "linux-arm64", sign: key, provenance: true });
    rmSync(join(project.root, ".git"), { recursive: true });
    const envelope = JSON.parse(readFileSync(signed.beside.provenance ?? "", "utf8")) as { payload: string };
    const { buildDefinition } = (
      JSON.parse(Buffer.from(envelope.payload, "base64").toString("utf8")) as { predicate: { buildDefinition: object } }
    ).predicate;
    expect(buildDefinition).toMatchObject({
      externalParameters: { options: { platform: "linux-arm64" } },
      resolvedDependencies: [{ name: "source", digest: { gitCommit: commit } }, { name: "package-lock.json" }],
    });
    // An environment around the project may not be replaced by what is packed of it.
    const around = join(folder, "around");
    await unpack({ archive: signed.output ?? "", target: around, forcePlatform: true });
    const inside = join(around, "app/project");
    cpSync(project.root, inside, { recursive: true });
    const before = snapshot(around);
    await expect(
      pack({ path: inside, output: around, format: "directory", platform: "linux-arm64", node: "none", force: true, discardAdded: true }),
    ).rejects.toMatchObject({ code: "TARGET_UNSUITABLE" });
    expect(snapshot(around)).toEqual(before);
  });

  test("for this machine's platform it is what npm ci installs, packed plainly", async () => {
    const rules = [{ action: "exclude", pattern: "prebuilds/" }] as const;
    const crossed = await packInto("out", { platform: "linux-x64", rules });
    await project.sh("npm ci --ignore-scripts");
    const plain = await pack({ path: project.root, output: join(folder, "plain.tar.zst"), force: true, reuse: false, node: "none", rules });
    expect(readFileSync(crossed.output ?? "").equals(readFileSync(plain.output ?? ""))).toBe(true);
    // What is installed in the project does not matter.
    const arm = await packInto("out", { platform: "linux-arm64" });
    rmSync(join(project.root, "node_modules"), { recursive: true });
    expect((await packInto("out2", { platform: "linux-arm64" })).sha256).toBe(arm.sha256);
  });

  test("development packages are left out by --omit dev, and what is installed elsewhere by a rule stays out", async () => {
    const result = await planPack({
      path: project.root,
      node: "none",
      platform: "linux-arm64",
      omit: ["dev"],
      rules: [{ action: "exclude", pattern: "/lib/" }],
    });
    const paths = result.entries.map(({ path }) => path);
    expect(paths).not.toContain("app/node_modules/ms");
    expect(paths).not.toContain("app/lib/deep/a b.txt");
    expect(result.notices.map(({ code }) => code)).not.toContain("PATTERN_UNMATCHED");
    expect(result.manifest.omitted).toEqual(["dev"]);
  });

  test("what cannot be done is refused in one line, and leaves nothing behind", async () => {
    expect(await refusal({ platform: "linux-aarch64" })).toMatchObject({ code: "USAGE", hint: "perhaps linux-arm64 is meant" });
    expect(await refusal({ platform: "windows-amd64" })).toMatchObject({ code: "USAGE", hint: "perhaps win32-x64 is meant" });
    expect(await refusal({ platform: "linux-x64-musl", node: undefined })).toMatchObject({
      code: "RUNTIME_NOT_FOUND",
      hint: expect.stringContaining("--node PATH"),
    });
    expect(await refusal({ platform: "linux-arm64", node: "current" })).toMatchObject({ code: "RUNTIME_NOT_FOUND" });
    const other = join(folder, "refused");
    cpSync(project.root, other, { recursive: true });
    const edit = (
      change: (json: { packages: Record<string, unknown>; dependencies: Record<string, string> }) => void,
      file: string,
    ): void => {
      const json = JSON.parse(readFileSync(join(other, file), "utf8"));
      change(json);
      writeFileSync(join(other, file), JSON.stringify(json));
    };
    // npm's optional-dependency bug: the lockfile knows one platform's packages only.
    edit(({ packages }) => {
      for (const path of Object.keys(packages)) if (/crc32-(?!linux-x64-gnu)/.test(path)) delete packages[path];
    }, "package-lock.json");
    const lacks = await refusal({ path: other, platform: "linux-arm64" });
    expect(lacks).toMatchObject({
      code: "LOCKFILE_UNFIT",
      message: expect.stringMatching(/it lacks .*@node-rs\/crc32-/),
      path: join(other, "package-lock.json"),
    });
    // The hint cures.
    await project.sh(`cd '${other}' && ${/`([^`]+)`/.exec(lacks.hint ?? "")?.[1] ?? "false"} --ignore-scripts`);
    expect(await refusal({ path: other, platform: "linux-arm64" })).toEqual({});
    edit((json) => (json.dependencies["is-number"] = "7.0.0"), "package.json");
    expect(await refusal({ path: other, platform: "linux-arm64" })).toMatchObject({
      code: "LOCKFILE_UNFIT",
      message: expect.stringContaining("package.json"),
    });
    rmSync(join(other, "package-lock.json"));
    expect(await refusal({ path: other, platform: "linux-arm64" })).toMatchObject({
      code: "LOCKFILE_UNFIT",
      message: expect.stringContaining("no lockfile"),
    });
    writeFileSync(join(other, "yarn.lock"), "# yarn lockfile v1\n\n\n");
    expect(await refusal({ path: other, platform: "linux-arm64" })).toMatchObject({
      code: "CROSS_INSTALL_FAILED",
      message: expect.stringContaining("Yarn 1"),
    });
    expect(await listScratch()).toEqual([]);
  });

  test("without a network it says so", async () => {
    const other = join(folder, "offline");
    cpSync(project.root, other, { recursive: true });
    vi.stubEnv("npm_config_cache", join(folder, "empty cache"));
    vi.stubEnv("npm_config_fetch_retries", "0");
    const text = readFileSync(join(other, "package-lock.json"), "utf8").replace(
      /"resolved": "https?:\/\/[^/]+/g,
      '"resolved": "http://127.0.0.1:9',
    );
    writeFileSync(join(other, "package-lock.json"), text);
    writeFileSync(join(other, ".npmrc"), "replace-registry-host=never\n");
    expect(await refusal({ path: other, platform: "linux-arm64" })).toMatchObject({
      code: "CROSS_INSTALL_FAILED",
      message: "npm cannot reach the registry to install for linux-arm64 (ECONNREFUSED)",
    });
    project.become();
    expect(await listScratch()).toEqual([]);
  });

  test("a package whose binary an install script would bring is refused by name, and packed with the binary that is given", async () => {
    const other = join(folder, "scripted");
    writeTree(other, {
      "package.json": {
        name: "scripted",
        version: "1.0.0",
        dependencies: { "needs-binary": "file:./needs-binary", "@node-rs/crc32": "1.10.6" },
      },
      "index.js": "",
    });
    writeTree(other, {
      "needs-binary/package.json": { name: "needs-binary", version: "2.0.0", scripts: { install: "prebuild-install || node-gyp rebuild" } },
      "needs-binary/binding.gyp": "{ 'targets': [{ 'target_name': 'needs_binary' }] }\n",
    });
    await project.sh(`cd '${other}' && npm install --package-lock-only --ignore-scripts`);
    expect(await refusal({ path: other, platform: "linux-arm64" })).toMatchObject({
      code: "NATIVE_UNAVAILABLE",
      message: expect.stringContaining("needs-binary@2.0.0"),
      hint: expect.stringContaining("--prebuilt needs-binary=FILE"),
    });
    const arm = (await packInto("out", { platform: "linux-arm64" })).output ?? "";
    await unpack({ archive: arm, target: join(folder, "arm"), forcePlatform: true });
    const file = join(folder, "arm/app/node_modules/@node-rs/crc32-linux-arm64-gnu/crc32.linux-arm64-gnu.node");
    const packed = await planPack({ path: other, node: "none", platform: "linux-arm64", prebuilt: [{ name: "needs-binary", file }] });
    expect(packed.entries.map(({ path }) => path)).toContain("app/needs-binary/build/Release/needs_binary.node");
    expect(await refusal({ path: other, platform: "darwin-arm64", prebuilt: [{ name: "needs-binary", file }] })).toMatchObject({
      code: "NATIVE_UNAVAILABLE",
      message: expect.stringContaining("built for linux-arm64"),
    });
    expect(await refusal({ path: other, platform: "linux-arm64", prebuilt: [{ name: "ms", file }] })).toMatchObject({ code: "USAGE" });
    // What was compiled in the project itself is for the machine that compiled it.
    const compiled = join(folder, "compiled");
    cpSync(project.root, compiled, { recursive: true });
    mkdirSync(join(compiled, "native"));
    copyFileSync(file, join(compiled, "native/tool.node"));
    expect(await refusal({ path: compiled, platform: "linux-x64-musl" })).toMatchObject({
      code: "NATIVE_UNAVAILABLE",
      path: "native/tool.node",
      message: expect.stringContaining("built for linux-arm64"),
    });
  });

  test("a binary is fetched from a mirror that is named, by the package's own tool, for the target", async () => {
    const other = join(folder, "mirrored");
    writeTree(other, { "package.json": { name: "mirrored", version: "1.0.0", dependencies: { "needs-binary": "file:./needs-binary" } } });
    writeTree(other, {
      "needs-binary/package.json": {
        name: "needs-binary",
        version: "2.0.0",
        scripts: { install: "prebuild-install -r napi || node-gyp rebuild" },
        binary: { napi_versions: [3] },
        dependencies: { "prebuild-install": "7.1.3" },
      },
      "needs-binary/binding.gyp": "{ 'targets': [{ 'target_name': 'needs_binary' }] }\n",
    });
    mkdirSync(join(other, "tarball/build/Release"), { recursive: true });
    copyFileSync(
      join(folder, "arm/app/node_modules/@node-rs/crc32-linux-arm64-gnu/crc32.linux-arm64-gnu.node"),
      join(other, "tarball/build/Release/needs_binary.node"),
    );
    execute("tar", ["-czf", join(folder, "prebuild.tar.gz"), "-C", join(other, "tarball"), "build"]);
    rmSync(join(other, "tarball"), { recursive: true });
    const asked: string[] = [];
    const mirror = createServer((request, answer) => {
      asked.push(request.url ?? "");
      if (request.url?.includes("linux-arm64")) answer.end(readFileSync(join(folder, "prebuild.tar.gz")));
      else answer.writeHead(404).end();
    }).listen(0, "127.0.0.1");
    await once(mirror, "listening");
    try {
      writeFileSync(
        join(other, ".npmrc"),
        `needs_binary_binary_host=http://127.0.0.1:${(mirror.address() as AddressInfo).port}/prebuilds\n`,
      );
      await project.sh(`cd '${other}' && npm install --package-lock-only --ignore-scripts`);
      const packed = await planPack({ path: other, node: "none", platform: "linux-arm64" });
      expect(packed.entries.map(({ path }) => path)).toContain("app/needs-binary/build/Release/needs_binary.node");
      expect(asked).toEqual([expect.stringMatching(/needs-binary-v2\.0\.0-napi-v3-linux-arm64\.tar\.gz$/)]);
      expect(await refusal({ path: other, platform: "linux-x64-musl" })).toMatchObject({
        code: "NATIVE_UNAVAILABLE",
        message: expect.stringContaining("the mirror of needs-binary"),
      });
    } finally {
      mirror.close();
    }
  });

  test("names that Windows does not take are refused for it alone", async () => {
    const other = join(folder, "names");
    cpSync(project.root, other, { recursive: true });
    writeTree(other, { "what: now?.txt": "x" });
    expect(await refusal({ path: other, platform: "win32-x64" })).toMatchObject({ code: "NAME_NOT_PORTABLE" });
    expect(await refusal({ path: other, platform: "linux-arm64" })).toEqual({});
  });

  test("a member of a workspace goes in with what it needs", async () => {
    const root = join(folder, "workspace");
    writeTree(root, {
      "package.json": { name: "root", private: true, workspaces: ["packages/*"] },
      "packages/app/package.json": { name: "app", version: "3.0.0", dependencies: { sister: "1.0.0", "@node-rs/crc32": "1.10.6" } },
      "packages/app/index.js": "require('sister')",
      "packages/sister/package.json": { name: "sister", version: "1.0.0", dependencies: { ms: "2.1.3" } },
      "packages/other/package.json": { name: "other", version: "1.0.0", dependencies: { bufferutil: "4.0.9" } },
    });
    await project.sh(`cd '${root}' && npm install --package-lock-only --ignore-scripts`);
    const { manifest, output } = await packInto("out", { path: join(root, "packages/app"), platform: "linux-arm64" });
    expect(output).toMatch(/app-3\.0\.0-linux-arm64\.tar\.zst$/);
    const names = manifest.packages.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["sister", "ms", "@node-rs/crc32-linux-arm64-gnu"]));
    expect(names).not.toContain("bufferutil");
  });

  test("a global npm prefix is installed again by names and versions", async () => {
    const prefix = join(folder, "global");
    await project.sh(`npm install --global --prefix '${prefix}' --ignore-scripts semver@7.7.2`);
    const { manifest, notices } = await packInto("out", { path: undefined, prefix, platform: "linux-arm64" });
    expect(manifest).toMatchObject({ kind: "prefix", platform: { os: "linux", arch: "arm64" }, bins: ["semver"] });
    expect(manifest.packages).toContainEqual(expect.objectContaining({ name: "semver", version: "7.7.2" }));
    expect(notices.map(({ code }) => code)).toContain("PREFIX_BY_VERSION");
  });

  test("what a killed run left is removed by the next, and the manager that it started ends with it", async () => {
    const bin = join(folder, "stuck");
    mkdirSync(bin);
    // As npm does while it is asked to end: it takes its time, and has a child.
    writeFileSync(
      join(bin, "npm"),
      '#!/bin/sh\ntrap "" TERM\nsleep 60 &\necho "$$ $!" > "$TMPDIR/now"\nmv "$TMPDIR/now" "$TMPDIR/started"\nwait\nsleep 60\n',
    );
    chmodSync(join(bin, "npm"), 0o755);
    const env = { ...process.env, PATH: `${bin}:${process.env.PATH ?? ""}` };
    const child = spawn(
      process.execPath,
      [
        join(import.meta.dirname, "../../bin/envpack.js"),
        "pack",
        project.root,
        "--platform",
        "linux-arm64",
        "--node",
        "none",
        "-o",
        join(folder, "never/"),
      ],
      { env, stdio: "ignore" },
    );
    await vi.waitFor(() => expect(existsSync(join(scratch, "started"))).toBe(true), { timeout: 60_000, interval: 20 });
    process.kill(child.pid ?? 0, "SIGKILL");
    await once(child, "exit");
    const started = readFileSync(join(scratch, "started"), "utf8").trim().split(" ").map(Number);
    const living = (): readonly number[] => started.filter((pid) => existsSync(`/proc/${pid}`));
    await vi.waitFor(() => expect([started.length, living()]).toEqual([2, []]), { timeout: 30_000, interval: 50 });
    expect((await listScratch()).length).toBe(1);
    expect(lstatSync((await listScratch())[0]?.path ?? "").mode & 0o077).toBe(0);
    rmSync(join(scratch, "started"));
    await planPack({ path: project.root, node: "none", platform: "linux-arm64" });
    // npm lets newer Nodes keep compiled code there.
    expect(readdirSync(scratch).filter((name) => name !== "node-compile-cache")).toEqual([]);
    const { status, stderr } = execute(process.execPath, [
      join(import.meta.dirname, "../../bin/envpack.js"),
      "pack",
      project.root,
      "--platform",
      "linux-arm64,linux-amd64",
      "-o",
      join(folder, "never2/"),
    ]);
    expect([status, stderr]).toEqual([2, expect.stringContaining("perhaps linux-x64 is meant")]);
    expect(existsSync(join(folder, "never2"))).toBe(false);
  });
});

/** Names, sizes and times of all that lies in a folder. */
function snapshot(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => {
      const { size, mtimeMs, ctimeMs } = lstatSync(join(folder, name));
      return `${name} ${size} ${mtimeMs} ${ctimeMs}`;
    });
}
