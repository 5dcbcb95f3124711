import { chmod, lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** Removes whatever stands at a path, also folders that their owner made read-only. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EACCES" && code !== "EPERM" && code !== "ENOTEMPTY") throw error;
    await unlockFolders(path);
    await rm(path, { recursive: true, force: true });
  }
}

async function unlockFolders(path: string): Promise<void> {
  // What a link leads to is somebody else's.
  if (!(await lstat(path)).isDirectory()) return;
  await chmod(path, 0o700);
  for (const child of await readdir(path, { withFileTypes: true })) {
    if (child.isDirectory()) await unlockFolders(join(path, child.name));
  }
}
