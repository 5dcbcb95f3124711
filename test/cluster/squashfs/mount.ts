import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execute, has } from "../../real/commands.js";

const mounted: string[] = [];

/** Why no image can be mounted here; null where one can. `way` is how. */
export function mountMissing(): string | null {
  if (mountMissing.way !== null) return null;
  const folder = mkdtempSync(join(tmpdir(), "envpack-mount-"));
  try {
    const image = join(folder, "tiny.squashfs");
    mkdirSync(join(folder, "tree"));
    writeFileSync(join(folder, "tree/file"), "1");
    if (!has("mksquashfs") || execute("mksquashfs", [join(folder, "tree"), image, "-comp", "zstd", "-quiet", "-no-progress"]).status !== 0)
      return "squashfs-tools is not installed";
    for (const way of ["loop", "fuse"] as const) {
      mountMissing.way = way;
      if (tryMount(image, join(folder, "mnt"))) {
        unmountAll();
        return null;
      }
    }
    mountMissing.way = null;
    return "neither the kernel's loop device nor squashfuse may mount an image here";
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
mountMissing.way = null as "loop" | "fuse" | null;

/** Mounts an image read-only; `unmountAll` takes it away. */
export function mountImage(image: string, at: string): void {
  if (!tryMount(image, at)) throw new Error(`cannot mount ${image}`);
}

function tryMount(image: string, at: string): boolean {
  mkdirSync(at, { recursive: true });
  const [command = "", ...args] =
    mountMissing.way === "loop" ? ["mount", "-t", "squashfs", "-o", "loop,ro", image, at] : ["squashfuse", image, at];
  // What a user mounted, no one but fusermount takes away for him.
  if (!has(command) || (command === "squashfuse" && !has("fusermount")) || execute(command, args).status !== 0) return false;
  mounted.push(at);
  return true;
}

export function unmountAll(): void {
  for (const at of mounted.splice(0)) {
    if (execute("umount", [at]).status !== 0) execute("fusermount", ["-u", at]);
  }
}
