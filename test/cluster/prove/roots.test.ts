import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { bringNode, NEWEST_LTS } from "../../node-versions.mjs";
import { pack, prove, type ProveResult } from "../../../src/index.js";
import { canSandbox, has, makeScratch } from "../../real/commands.js";
import { writeShop } from "../../evidence/prove/shop.js";

const scratch = makeScratch();
const project = join(scratch, "shop");
const archive = join(scratch, "shop.tar");
const root = join(scratch, "debian root");
const missing = !has("apt-get") || !has("dpkg") ? "apt is not here" : canSandbox() ? null : "no sandbox is to be had";

/** Debian's C library and busybox, taken apart into a folder: nothing of this machine's packages. */
function bringDebian(): boolean {
  const debs = join(scratch, "debs");
  mkdirSync(debs);
  try {
    execFileSync("apt-get", ["-qq", "download", "libc6", "libstdc++6", "libgcc-s1", "libatomic1", "busybox"], {
      cwd: debs,
      stdio: "ignore",
      timeout: 300_000,
    });
  } catch {
    return false;
  }
  for (const deb of readdirSync(debs)) execFileSync("dpkg", ["-x", join(debs, deb), root]);
  for (const name of ["sh", "env", "readlink", "dirname", "basename", "sed", "uname", "cat"])
    if (!existsSync(join(root, "bin", name))) symlinkSync("busybox", join(root, "bin", name));
  return true;
}

function failuresOf({ runs }: ProveResult): unknown[] {
  return runs.flatMap(({ trials }) => trials.filter(({ outcome }) => outcome === "failed"));
}

let isBrought = false;
let node = "current";

beforeAll(async () => {
  if (missing !== null) return;
  writeShop(project);
  const folder = bringNode(NEWEST_LTS);
  if (folder !== null) node = join(folder, "node");
  await pack({ path: project, output: archive, ignoreLock: true, node });
  isBrought = bringDebian();
}, 600_000);

describe.skipIf(missing !== null)(`on another root file system${missing === null ? "" : ` (skipped: ${missing})`}`, () => {
  test("Debian's C library and busybox are enough: a folder", async ({ skip }) => {
    if (!isBrought) skip("Debian's packages cannot be had");
    const result = await prove({ path: archive, like: root, save: false, listen: "18080/health" });
    expect(failuresOf(result)).toEqual([]);
    expect(result).toMatchObject({ ok: true, like: root });
    // Not this machine's: what was loaded of a system comes from that root.
    expect(result.runs[0]?.trials.filter(({ kind, outcome }) => kind === "import" && outcome === "ok").length).toBeGreaterThan(1);
  });

  test("the same as a tar", async ({ skip }) => {
    if (!isBrought) skip("Debian's packages cannot be had");
    const tar = join(scratch, "root.tar");
    execFileSync("tar", ["-C", root, "-cf", tar, "."]);
    expect(failuresOf(await prove({ path: archive, like: tar, save: false }))).toEqual([]);
  });

  test("a root that lacks the C library's C++ part is told, by the name of the library", async ({ skip }) => {
    if (!isBrought) skip("Debian's packages cannot be had");
    const bare = join(scratch, "bare");
    execFileSync("cp", ["-a", root, bare]);
    execFileSync("sh", ["-c", `find '${bare}' -name 'libstdc++*' -delete`]);
    const told = await prove({ path: archive, like: bare, save: false }).then(
      (result) => JSON.stringify(failuresOf(result)),
      (error: unknown) => String(error),
    );
    expect(told).toContain("libstdc++.so.6");
  });

  test("an image that envpack itself made on no base: all is loaded by its C library alone, and it has no shell for scripts", async () => {
    const layout = join(scratch, "shop.oci");
    await pack({ path: project, output: layout, ignoreLock: true, node, image: { base: "none" } });
    const result = await prove({ path: archive, image: layout, save: false, listen: "18081/health" });
    const trials = result.runs.flatMap((run) => run.trials);
    expect(trials.filter(({ kind, outcome }) => ["import", "entry", "libraries"].includes(kind) && outcome === "failed")).toEqual([]);
    expect(trials.filter(({ kind, outcome }) => kind === "entry" && outcome === "ok")).toHaveLength(1);
    expect(failuresOf(result)).toMatchObject([
      {
        kind: "command",
        name: "part-cli",
        reason: "what the first line of bin/part-cli names to run it, as /bin/sh, is not in that system",
      },
    ]);
  });
});
