import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { pack, prove } from "../../../src/index.js";
import { emulatorOf } from "../../../src/verbs/prove/emulator.js";
import type * as Emulator from "../../../src/verbs/prove/emulator.js";
import { has, makeScratch } from "../../real/commands.js";
import { writeFiles } from "./shop.js";

const scratch = makeScratch();
const FOREIGN = process.arch === "arm64" ? "x64" : "arm64";
const registered = vi.hoisted(() => ({ emulator: null as string | null }));
vi.mock("../../../src/verbs/prove/emulator.js", async (original) => {
  const real = await original<typeof Emulator>();
  // The one place where the kernel is asked: with a folder it is the real thing.
  return { emulatorOf: (arch: string, folder?: string) => (folder === undefined ? registered.emulator : real.emulatorOf(arch, folder)) };
});
afterEach(() => {
  registered.emulator = null;
});

/** As the kernel shows an emulator: Documentation/admin-guide/binfmt-misc.rst. */
function register(name: string, fields: Readonly<Record<string, string>>): string {
  const folder = join(scratch, name);
  const all = {
    state: "enabled",
    interpreter: "/usr/bin/qemu-aarch64-static",
    flags: "OCF",
    offset: "0",
    magic: `7f454c460201010000000000000000000200b700`,
    ...fields,
  };
  writeFiles(folder, {
    "qemu-aarch64": `${all.state}\ninterpreter ${all.interpreter}\nflags: ${all.flags}\noffset ${all.offset}\nmagic ${all.magic}\nmask ffffffffffffff00fffffffffffffffffeffffff\n`,
    status: "enabled\n",
  });
  return folder;
}

describe("the emulator that is registered", () => {
  test("is told by the machine in its magic, and has to be open already (flag F)", () => {
    const good = register("good", {});
    expect(emulatorOf("arm64", good)).toBe("/usr/bin/qemu-aarch64-static");
    expect(emulatorOf("riscv64", good)).toBeNull();
    expect(emulatorOf("sparc", good)).toBeNull();
    for (const [name, fields] of [
      ["closed", { flags: "OC" }],
      ["off", { state: "disabled" }],
      ["later", { offset: "4" }],
      ["script", { magic: "23212f62696e2f" }],
    ] as const)
      expect(emulatorOf("arm64", register(name, fields)), name).toBeNull();
    expect(emulatorOf("arm64", join(scratch, "nothing"))).toBeNull();
  });
});

describe("an archive for another processor", () => {
  const archive = join(scratch, "foreign.tar");
  beforeAll(async () => {
    const project = join(scratch, "foreign");
    const part = (cpu: string): Record<string, string> => ({
      [`node_modules/part-linux-${cpu}/package.json`]: JSON.stringify({
        name: `part-linux-${cpu}`,
        version: "1.0.0",
        os: ["linux"],
        cpu: [cpu],
      }),
      [`node_modules/part-linux-${cpu}/index.js`]: "",
    });
    writeFiles(project, {
      "package.json": JSON.stringify({ name: "foreign", version: "1.0.0", main: "index.js", dependencies: { part: "1.0.0" } }),
      "index.js": "require('part');",
      "node_modules/part/package.json": JSON.stringify({
        name: "part",
        version: "1.0.0",
        optionalDependencies: { "part-linux-x64": "1.0.0", "part-linux-arm64": "1.0.0" },
      }),
      "node_modules/part/index.js": `module.exports = require("part-linux-${FOREIGN}");`,
      ...part(FOREIGN),
    });
    const { manifest } = await pack({ path: project, output: archive, node: "none", ignoreLock: true });
    expect(manifest.platform.arch).toBe(FOREIGN);
  });

  test("is refused where no emulator is registered, and without a system of its own", async () => {
    await expect(prove({ path: archive, save: false })).rejects.toMatchObject({
      code: "PLATFORM_MISMATCH",
      message: `it was made for linux-${FOREIGN}, and no emulator for that is registered here`,
      hint: expect.stringContaining("qemu-user-static"),
    });
    registered.emulator = "/usr/bin/qemu";
    await expect(prove({ path: archive, save: false })).rejects.toMatchObject({
      code: "PLATFORM_MISMATCH",
      hint: "name a root file system of that platform with --like or --image",
    });
  });

  test("is tried on the system that is named, by the kernel's emulator, and the result says so", async ({ skip }) => {
    if (!has("bwrap") || !has("ldd")) skip("there is no sandbox here");
    registered.emulator = "/usr/bin/qemu";
    // This machine's programs stand for those of the other processor: the kernel starts either kind alike.
    const root = join(scratch, "root");
    const bring = (file: string, place: string): void => {
      mkdirSync(dirname(join(root, place)), { recursive: true });
      copyFileSync(file, join(root, place));
      chmodSync(join(root, place), 0o755);
    };
    const programs = [
      [process.execPath, "/usr/bin/node"],
      ["/bin/sh", "/bin/sh"],
      ["/bin/true", "/bin/true"],
    ] as const;
    for (const [file, place] of programs) {
      bring(file, place);
      const needs = execFileSync("ldd", [file], { encoding: "utf8" });
      for (const [, library = ""] of needs.matchAll(/(?:=> |^\t)(\/\S+) \(/gm)) bring(library, library);
    }
    writeFileSync(join(root, "os-release"), "");
    const { ok, emulator, like, runs } = await prove({ path: archive, like: root, save: false });
    expect([emulator, like]).toEqual(["/usr/bin/qemu", root]);
    expect(runs[0]?.hidden).toContain("this machine's whole system");
    expect(runs.flatMap(({ trials }) => trials).filter(({ outcome }) => outcome === "failed")).toEqual([]);
    expect(ok).toBe(true);
  }, 120_000);
});
