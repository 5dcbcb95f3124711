import { link, lstat, open, readFile, rename } from "node:fs/promises";
import type { Stats } from "node:fs";
import { constants } from "node:fs";

const { O_RDONLY, O_NOFOLLOW } = constants;

/** Reads a file that is not reached through a link; null where there is no such file. */
export async function readPlainFile(path: string): Promise<{ content: Buffer; stats: Stats } | null> {
  try {
    const stats = await lstat(path);
    if (!stats.isFile()) return null;
    return { content: await readFile(path, { flag: O_RDONLY | O_NOFOLLOW }), stats };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return null;
    throw error;
  }
}

/**
 * Puts new content at a path by a new file and a rename: a program that runs from the old one goes on
 * with it ("text file busy" cannot be), and there is never half a file. Mode and, where allowed, owner
 * stay as they were.
 *
 * @param temporary a path on the same file system that is free
 */
export async function replaceFile(path: string, content: Buffer, old: Stats, temporary: string): Promise<void> {
  const file = await open(temporary, "wx", 0o600);
  try {
    await file.writeFile(content);
    if (old.uid !== process.geteuid?.() || old.gid !== process.getegid?.()) await file.chown(old.uid, old.gid).catch(ignore);
    await file.chmod(old.mode & 0o777);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

/**
 * Makes `path` a hard link to `file`, which holds `content` already. Where the file system has no hard
 * links, or `file` is gone or another, it becomes a file of its own.
 */
export async function relink(path: string, file: string, content: Buffer, old: Stats, temporary: string): Promise<void> {
  const held = await readPlainFile(file);
  if (held?.content.equals(content) !== true) return replaceFile(path, content, old, temporary);
  try {
    await link(file, temporary);
  } catch {
    return replaceFile(path, content, old, temporary);
  }
  await rename(temporary, path);
}

/** Only the owner of all files may give them away; without that they become the user's own, as with any editor. */
function ignore(): void {}
