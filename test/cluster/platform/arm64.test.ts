import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readBinaryPlatform } from "../../../src/native/binary-platform.js";
import { pack } from "../../../src/verbs/pack/pack.js";
import { doctor } from "../../../src/verbs/doctor/doctor.js";
import { makeFolder, writeTree } from "../../environment/tree.js";

const PLACE = join(import.meta.dirname, "../../../.cache/arm64");
const ROOT = join(PLACE, "root");
const QEMU = join(PLACE, "qemu/usr/bin/qemu-aarch64-static");
const VERSION = "20.20.2";

/** Whether the emulator is there, or could be brought; needs apt, and no root. */
function hasEmulator(): boolean {
  if (process.platform !== "linux" || !existsSync("/usr/bin/apt-get")) return false;
  try {
    execFileSync(join(import.meta.dirname, "sysroot.sh"), [PLACE], { stdio: ["ignore", "ignore", "pipe"] });
    return existsSync(QEMU);
  } catch {
    return false;
  }
}

describe.skipIf(!hasEmulator())("an archive for linux-arm64, packed here and run under qemu-aarch64-static", () => {
  let env: string;
  let archive: string;
  let folder: string;

  beforeAll(async () => {
    folder = makeFolder();
    const project = join(folder, "project");
    writeTree(project, {
      "package.json": {
        name: "arm",
        version: "1.0.0",
        private: true,
        dependencies: { sharp: "0.35.0", "sodium-native": "5.0.9", marked: "15.0.12" },
      },
      "server.mjs": [
        'import { createServer } from "node:http";',
        'import sharp from "sharp";',
        'import sodium from "sodium-native";',
        "const digest = Buffer.alloc(32);",
        'sodium.crypto_generichash(digest, Buffer.from("envpack"));',
        'const image = await sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } }).png().toBuffer();',
        'createServer((_, answer) => answer.end(JSON.stringify({ arch: process.arch, png: image.subarray(1, 4).toString(), digest: digest.toString("hex").slice(0, 8) }))).listen(Number(process.argv[2]), "127.0.0.1");',
        "",
      ].join("\n"),
    });
    execFileSync("npm", ["install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: project, stdio: "pipe" });
    const { output, manifest } = await pack({
      path: project,
      platform: "linux-arm64",
      node: VERSION,
      output: join(folder, "arm.tar.gz"),
      reuse: false,
    });
    archive = output ?? "";
    expect(manifest).toMatchObject({ platform: { os: "linux", arch: "arm64", libc: "glibc" }, runtime: { version: VERSION } });
    rmSync(project, { recursive: true });
    env = join(folder, "moved/a b/deep");
    mkdirSync(env, { recursive: true });
    execFileSync("tar", ["-xzf", archive, "-C", env]);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const emulated = (...args: readonly string[]): string =>
    execFileSync(QEMU, ["-L", ROOT, join(env, "bin/node"), ...args], { cwd: "/", encoding: "utf8", env: { PATH: "/usr/bin:/bin" } });

  test("its node starts, and npm goes in beside it", () => {
    expect(readBinaryPlatform(join(env, "bin/node"))).toMatchObject({ os: "linux", arch: "arm64", libc: "glibc" });
    expect(emulated("-p", "process.arch + process.version")).toBe(`arm64v${VERSION}\n`);
    expect(emulated(join(env, "lib/node_modules/npm/bin/npm-cli.js"), "--version")).toMatch(/^\d+\./);
  });

  test("its server answers, with what sharp drew and sodium-native computed", async () => {
    const port = await freePort();
    const server = spawn(QEMU, ["-L", ROOT, join(env, "bin/node"), join(env, "app/server.mjs"), String(port)], {
      cwd: "/",
      env: { PATH: "/usr/bin:/bin" },
      stdio: ["ignore", "ignore", "inherit"],
    });
    try {
      const answer = await fetchWhenReady(`http://127.0.0.1:${port}/`);
      expect(answer).toMatchObject({ arch: "arm64", png: "PNG" });
      expect(answer).toHaveProperty("digest", expect.stringMatching(/^[0-9a-f]{8}$/));
    } finally {
      server.kill("SIGKILL");
      await once(server, "exit");
    }
  });

  test("a command of a package runs, and the traveling tool verifies the whole", () => {
    const script = readdirSync(join(env, "app/node_modules/marked/bin")).find((name) => /^marked\./.test(name)) ?? "";
    expect(
      execFileSync(QEMU, ["-L", ROOT, join(env, "bin/node"), join(env, "app/node_modules/marked/bin", script), "-s", "*hi*"], {
        encoding: "utf8",
        cwd: "/",
      }),
    ).toContain("<em>hi</em>");
    expect(readFileSync(join(env, "bin/marked"), "utf8")).toContain('"$_ep_bin/node"');
    expect(emulated(join(env, ".envpack/envpack.cjs"), "verify", env)).toContain("all as packed");
  });

  test("doctor, asked here, tells of the headers of its node and of each addon", async () => {
    const { findings, ok } = await doctor({ path: archive });
    expect(ok).toBe(false);
    const addons = findings.filter(({ check }) => check === "addon");
    expect(findings.find(({ check }) => check === "node")).toMatchObject({ status: "ok", detail: "bin/node is for linux-arm64" });
    expect(addons.every(({ status, detail }) => status === "ok" && detail.includes("linux arm64"))).toBe(true);
    expect(addons.map(({ detail }) => detail).join("\n")).toMatch(/sharp[^\n]*glibc 2\.\d+[^\n]*Node-API/);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Asks until somebody answers: under an emulator a start takes seconds. */
async function fetchWhenReady(url: string): Promise<unknown> {
  for (const began = Date.now(); ;) {
    try {
      return await (await fetch(url)).json();
    } catch (error) {
      if (Date.now() - began > 120_000) throw error;
      await setTimeout(100);
    }
  }
}
