import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Runtime } from "../../src/environment/runtime.js";
import { toolLauncher } from "../../src/embed/launchers.js";
import { makeFolder, write } from "./furnished.js";

const RUNTIME = { os: "linux", arch: "x64", libc: "glibc", glibc: "2.28" } as Runtime;
const HERE = "Linux x86_64";

/** Starts `bin/envpack` where `uname` and `getconf` answer like this; the environment's node starts or does not. */
async function start(
  answers: { uname: string; getconf: string; nodeStarts: boolean },
  runtime = RUNTIME,
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const root = makeFolder();
  write(join(root, "bin/envpack"), await toolLauncher({ runtime, name: "sample" }), true);
  write(join(root, ".envpack/envpack.cjs"), "");
  write(join(root, "bin/node"), answers.nodeStarts ? '#!/bin/sh\necho "started $*"\n' : "#!/bin/sh\nexit 126\n", true);
  for (const name of ["uname", "getconf"] as const) {
    write(join(root, "tools", name), answers[name] === "" ? "#!/bin/sh\nexit 1\n" : `#!/bin/sh\necho "${answers[name]}"\n`, true);
  }
  const { status, stdout, stderr } = spawnSync(join(root, "bin/envpack"), ["info"], {
    encoding: "utf8",
    env: { PATH: join(root, "tools") },
  });
  return { status, stdout: stdout.replaceAll(root, "ROOT"), stderr };
}

const refusal = (lacks: string): object => ({
  status: 1,
  stdout: "",
  stderr: `envpack: error[PLATFORM_MISMATCH] this environment needs linux x64 with glibc 2.28 or newer; this machine ${lacks}\nhint: pack it on a machine like this one\n`,
});

describe("bin/envpack on a machine that cannot start its node says why in one sentence", () => {
  it.each([
    ["another processor", "Linux aarch64", "glibc 2.36", "is Linux aarch64"],
    ["another system", "Darwin x86_64", "", "is Darwin x86_64"],
    ["an older glibc", HERE, "glibc 2.17", "has glibc 2.17"],
    ["musl", HERE, "", "has another C library than glibc"],
  ])("%s", async (_, uname, getconf, lacks) => {
    expect(await start({ uname, getconf, nodeStarts: false })).toEqual(refusal(lacks));
  });
});

describe("bin/envpack starts", () => {
  const started = { status: 0, stdout: "started ROOT/.envpack/envpack.cjs info\n", stderr: "" };

  it.each([
    ["on the machine that it was made for", HERE, "glibc 2.28"],
    ["with a newer glibc, compared as numbers", HERE, "glibc 2.100"],
    ["where an emulator runs its node", "Linux aarch64", "glibc 2.36"],
    ["where nothing tells what the machine is", "", ""],
  ])("%s", async (_, uname, getconf) => {
    expect(await start({ uname, getconf, nodeStarts: true })).toEqual(started);
  });

  it("without these checks where it was made for a system that has other names for itself", async () => {
    expect(await toolLauncher({ runtime: { ...RUNTIME, os: "freebsd" }, name: "sample" })).not.toContain("uname");
  });
});
