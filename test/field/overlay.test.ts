import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import "../setup.js";
import { unpack } from "../../src/verbs/unpack.js";
import { verify } from "../../src/verbs/verify.js";
import { makeScratch } from "../real/commands.js";
import { makeArchive } from "../restore/archives.js";

/* W10: a folder that comes with an image's lower layer, on a real overlay. */
const scratch = makeScratch();
const merged = join(scratch, "disk/merged");

afterAll(() => {
  spawnSync("umount", [merged]);
  spawnSync("umount", [join(scratch, "disk")]);
});

test("W10: unpack --force over a folder of a lower layer names the way, and each way works", async ({ skip }) => {
  const archive = await makeArchive(join(scratch, "env.tar"), { format: "tar" });
  mkdirSync(join(scratch, "disk"));
  // An overlay's upper folder cannot lie on another overlay, as a container's own disk often is.
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=200m", "none", join(scratch, "disk")]).status !== 0) skip("needs the right to mount");
  const [lower, upper, work] = ["lower", "upper", "work"].map((name) => join(scratch, "disk", name));
  for (const folder of [lower, upper, work, merged]) mkdirSync(folder ?? "");
  for (const name of ["env", "other"]) await unpack({ archive, target: join(lower ?? "", name), threads: 1 });
  const options = `lowerdir=${lower},upperdir=${upper},workdir=${work},redirect_dir=off`;
  if (spawnSync("mount", ["-t", "overlay", "-o", options, "overlay", merged]).status !== 0) skip("this kernel mounts no overlay here");
  const target = join(merged, "env");
  await expect(unpack({ archive, target, force: true, threads: 1 })).rejects.toMatchObject({
    code: "TARGET_UNSUITABLE",
    path: target,
    message: expect.stringContaining("an image's layer"),
    hint: expect.stringMatching(/rm -r.*--current/),
  });
  expect(await verify({ path: target, threads: 1 })).toMatchObject({ ok: true });
  expect(readdirSync(merged).sort()).toEqual(["env", "other"]);
  await unpack({ archive, target: join(merged, "new"), current: join(merged, "current"), threads: 1 });
  expect(readlinkSync(join(merged, "current"))).toBe("new");
  execFileSync("rm", ["-r", target]);
  await unpack({ archive, target, threads: 1 });
  expect(await verify({ path: target, threads: 1 })).toMatchObject({ ok: true });
  rmSync(join(merged, "other"), { recursive: true });
  expect(existsSync(join(merged, "other"))).toBe(false);
});
