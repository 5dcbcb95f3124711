import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { listScratch } from "../../src/cache/scratch.js";
import { planPack, type PackOptions } from "../../src/verbs/pack/pack.js";
import { makeFolder, writeTree, type Content } from "../environment/tree.js";
import { execute } from "../real/commands.js";
import { elfHeader, macHeader, windowsHeader } from "./binary-headers.js";
import { ManagerProject } from "./manager-project.js";
import { scratchFolder } from "../scratch.js";
import { refusalOf } from "./refusal-of.js";

/** Packages that npm installs, each from a tarball beside the project's package.json. */
const PACKAGES: Readonly<Record<string, Readonly<Record<string, Content>>>> = {
  // As 7zip-bin.
  every: {
    "linux/x64/7za": elfHeader(62),
    "linux/arm64/7za": elfHeader(183),
    "mac/arm64/7za": macHeader(0x0100000c),
    "win/x64/7za.exe": windowsHeader(0x8664),
    "test/fixtures/hello": elfHeader(62),
  },
  // As node-notifier: the system's own program where there is none.
  helper: { "vendor/notify.exe": windowsHeader(0x8664), "vendor/notify.app/notify": macHeader(0x0100000c) },
};
const LACKING = { one: { "bin/one-linux": elfHeader(62), "bin/one.exe": windowsHeader(0x8664), "lib/tool": elfHeader(62) } };

describe.skipIf(process.platform === "win32")("programs that packages bring, with --platform", () => {
  let folder: string;
  let scratch: string;
  let project: ManagerProject;

  beforeAll(async () => {
    folder = makeFolder();
    project = await ManagerProject.make("npm@11.21.2", join(folder, "made"), {
      "package.json": {
        name: "programs",
        version: "1.0.0",
        dependencies: Object.fromEntries(Object.keys(PACKAGES).map((name) => [name, `file:./tarballs/${name}.tgz`])),
      },
    });
    for (const [name, files] of Object.entries(PACKAGES)) writePackage(project.root, name, files);
    await project.sh("npm install --package-lock-only --ignore-scripts");
    project.become();
    scratch = scratchFolder("scratch");
    vi.stubEnv("TMPDIR", scratch);
  });
  afterAll(() => {
    vi.unstubAllEnvs();
  });

  function writePackage(root: string, name: string, files: Readonly<Record<string, Content>>): void {
    const made = join(folder, "packages", name);
    writeTree(join(made, "package"), { "package.json": { name, version: "2.0.0" }, "index.js": "", ...files });
    for (const file of Object.keys(files)) chmodSync(join(made, "package", file), 0o755);
    mkdirSync(join(root, "tarballs"), { recursive: true });
    execute("tar", ["-czf", join(root, "tarballs", `${name}.tgz`), "-C", made, "package"]);
  }
  const plan = (platform: string, options: PackOptions = {}) => planPack({ path: project.root, node: "none", platform, ...options });
  const refusal = (platform: string, options: PackOptions = {}) => refusalOf(plan(platform, options));

  test.each([
    ["linux-arm64", ["linux/arm64/7za"]],
    ["darwin-arm64", ["mac/arm64/7za"]],
    ["win32-x64", ["win/x64/7za.exe"]],
  ])("%s: those of other platforms stay behind and are counted", async (platform, expected) => {
    const { entries, leftOut, notices } = await plan(platform);
    const start = "app/node_modules/every/";
    const programs = entries.flatMap(({ path, type }) =>
      type === "file" && path.startsWith(start) && !/\.js(on)?$/.test(path) ? [path.slice(start.length)] : [],
    );
    expect(programs).toEqual(expected);
    expect(leftOut.filter(({ reason, path }) => reason === "platform" && path.startsWith(start)).map(({ path }) => path).length).toBe(4);
    const without = notices.find(({ code }) => code === "NATIVE_WITHOUT")?.message ?? "";
    expect(without.includes("helper@2.0.0")).toBe(platform === "linux-arm64");
    expect(without).not.toContain("every");
  });

  test("a package that has them for other processors alone is refused; both ways out of the hint cure", async () => {
    for (const [name, files] of Object.entries(LACKING)) writePackage(project.root, name, files);
    const before = ["package.json", "package-lock.json"].map((name) => [name, readFileSync(join(project.root, name), "utf8")] as const);
    await project.sh("npm install --package-lock-only --ignore-scripts ./tarballs/one.tgz");
    const error = await refusal("linux-arm64");
    expect(error).toMatchObject({
      code: "NATIVE_UNAVAILABLE",
      message: "no binary for linux-arm64 comes with one@2.0.0 (it has one for linux-x64, win32-x64)",
    });
    const patterns = [...(error.hint ?? "").matchAll(/--exclude '([^']+)'/g)].map((match) => match[1] ?? "");
    expect(patterns.length).toBe(3);
    const cured = await plan("linux-arm64", { rules: patterns.map((pattern) => ({ action: "exclude", pattern })) });
    const files = cured.entries.filter(({ path, type }) => type === "file" && path.startsWith("app/node_modules/one/"));
    expect(files.map(({ path }) => path)).toEqual(["app/node_modules/one/index.js", "app/node_modules/one/package.json"]);
    // A tarball with the program, at the place where the package looks for it.
    const given = writeTree(join(folder, "given"), { "bin/one-linux": elfHeader(183) });
    const file = join(folder, "given.tar.gz");
    execute("tar", ["-czf", file, "-C", given, "bin"]);
    const filled = await plan("linux-arm64", { prebuilt: [{ name: "one", file }] });
    expect(filled.entries.map(({ path }) => path)).toContain("app/node_modules/one/bin/one-linux");
    // Where it is not needed, or its programs are of systems that are not meant, it is told.
    expect(await refusal("darwin-arm64")).toEqual({});
    for (const [name, text] of before) writeFileSync(join(project.root, name), text);
    expect(await listScratch()).toEqual([]);
  });

  test("a program of the project's own for another platform goes in, and is told", async () => {
    writeTree(project.root, { "tools/here": elfHeader(62), "tools/there": elfHeader(183) });
    const { notices } = await plan("linux-arm64");
    expect(notices).toContainEqual(expect.objectContaining({ code: "PROGRAMS_FOREIGN", message: expect.stringMatching(/: tools\/here$/) }));
    rmSync(join(project.root, "tools"), { recursive: true });
  });

  test("node-pre-gyp fetches from the mirror that is named, for the target, and loads nothing", async () => {
    const other = join(folder, "mirrored");
    writeTree(other, {
      "package.json": { name: "mirrored", version: "1.0.0", dependencies: { "needs-binary": "file:./needs-binary" } },
      "needs-binary/package.json": {
        name: "needs-binary",
        version: "2.0.0",
        main: "index.js",
        scripts: { install: "node-pre-gyp install --fallback-to-build" },
        binary: {
          module_name: "my-own-addon",
          module_path: "./lib/binding/",
          host: "https://nowhere.invalid",
          remote_path: "v{version}",
          package_name: "{platform}-{arch}-{libc}.tar.gz",
        },
        dependencies: { "@mapbox/node-pre-gyp": "2.0.3" },
      },
      "needs-binary/binding.gyp": "{ 'targets': [{ 'target_name': 'my-own-addon' }] }\n",
      "tarball/binding/my-own-addon.node": elfHeader(62),
    });
    const tarball = join(folder, "binding.tar.gz");
    execute("tar", ["-czf", tarball, "-C", join(other, "tarball"), "binding"]);
    rmSync(join(other, "tarball"), { recursive: true });
    const asked: string[] = [];
    const mirror = createServer((request, answer) => {
      asked.push(request.url ?? "");
      if (request.url?.endsWith("linux-x64-musl.tar.gz")) answer.end(readFileSync(tarball));
      else answer.writeHead(404).end();
    }).listen(0, "127.0.0.1");
    await once(mirror, "listening");
    try {
      await project.sh(`cd '${other}' && npm install --package-lock-only --ignore-scripts`);
      const options = { path: other, node: "none", platform: "linux-x64-musl" };
      const unnamed = await refusal("linux-x64-musl", options);
      const setting = /\((npm_config_\w+)\)/.exec(unnamed.hint ?? "")?.[1] ?? "";
      expect([unnamed.code, asked]).toEqual(["NATIVE_UNAVAILABLE", []]);
      // As the hint says it.
      vi.stubEnv(setting, `http://127.0.0.1:${(mirror.address() as AddressInfo).port}/mirror`);
      const packed = await planPack(options);
      expect(asked).toEqual(["/mirror/v2.0.0/linux-x64-musl.tar.gz"]);
      expect(packed.entries.map(({ path }) => path)).toContain("app/needs-binary/lib/binding/my-own-addon.node");
      expect(await refusal("linux-arm64", { ...options, platform: "linux-arm64" })).toMatchObject({
        code: "NATIVE_UNAVAILABLE",
        message: expect.stringContaining("the mirror of needs-binary has no binary for linux-arm64"),
      });
      vi.stubEnv(setting, undefined);
    } finally {
      mirror.close();
    }
  });
});
