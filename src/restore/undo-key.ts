import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { link, lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { homedir, tmpdir, userInfo } from "node:os";
import { isAbsolute, join } from "node:path";
import { ON_WINDOWS } from "../support/this-machine.js";
import { belongsToUser } from "../support/owner.js";

/** Bytes. */
const KEY_LENGTH = 32;
const READ = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * The user's key that vouches for what a killed envpack left: a record that bears its seal was written by
 * this user's envpack and by nobody else, whatever an archive put beside it. Lies in the user's state folder
 * (`$XDG_STATE_HOME/envpack`, `~/.local/state/envpack`), or in the system's folder for temporary files.
 *
 * @returns null where no place for it is this user's own: then nothing can be vouched for
 */
export async function readUndoKey(): Promise<Buffer | null> {
  for (const folder of await listPlaces()) {
    const key = await readKeyIn(folder).catch(() => null);
    if (key !== null) return key;
  }
  return null;
}

async function listPlaces(): Promise<string[]> {
  const state = process.env.XDG_STATE_HOME ?? "";
  // The XDG base directory specification: a relative path is to be ignored.
  const places = isAbsolute(state) ? [join(state, "envpack")] : [];
  for (const home of new Set([nameOf(homedir), nameOf(() => userInfo().homedir)])) {
    // Root keeps no secret in the home of the user that it acts for, and makes no home.
    if (isAbsolute(home) && (await isOwnFolder(home))) places.push(join(home, ".local/state/envpack"));
  }
  return [...places, join(tmpdir(), `envpack-${process.geteuid?.() ?? "user"}`)];
}

/** A user without a name has no home, which the system tells by an error. */
function nameOf(home: () => string): string {
  try {
    return home();
  } catch {
    return "";
  }
}

async function isOwnFolder(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => null);
  return stats?.isDirectory() === true && belongsToUser(stats);
}

async function readKeyIn(folder: string): Promise<Buffer | null> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const stats = await lstat(folder);
  // Who else may write here could put a key of their own in the place of this one.
  if (!stats.isDirectory() || !belongsToUser(stats) || (!ON_WINDOWS && (stats.mode & 0o022) !== 0)) return null;
  const path = join(folder, "undo-key");
  return (await readKey(path)) ?? (await makeKey(path));
}

async function readKey(path: string): Promise<Buffer | null> {
  const file = await open(path, READ).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (file === null) return null;
  try {
    const stats = await file.stat();
    const isPrivate = stats.isFile() && belongsToUser(stats) && (ON_WINDOWS || (stats.mode & 0o077) === 0);
    if (!isPrivate || stats.size !== KEY_LENGTH) throw new Error("not a key of this user's");
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** Of several that make one at the same time, the first one's is the key. */
async function makeKey(path: string): Promise<Buffer | null> {
  const own = `${path}-${randomBytes(8).toString("hex")}`;
  const file = await open(own, "wx", 0o600);
  try {
    await file.writeFile(randomBytes(KEY_LENGTH)).finally(() => file.close());
    await link(own, path).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") await rename(own, path);
    });
  } finally {
    await rm(own, { force: true });
  }
  return readKey(path);
}
