import { createHmac, timingSafeEqual } from "node:crypto";
import { constants } from "node:fs";
import { lstat, open } from "node:fs/promises";
import { basename, join } from "node:path";
import { readUndoKey } from "./undo-key.js";

/** Bytes; the names in the root of an environment take far less. */
const LONGEST = 16 << 20;
const READ = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Writes a record that a later envpack acts upon into a private folder of envpack's. It bears a seal of the
 * user's own key over the record, its name, and the folder that it is for, so that neither an archive nor a
 * copy of another folder can bring one. Without a key nothing is written, and nothing will be undone.
 *
 * @param flush waits until the disk holds it
 */
export async function writeSealed(folder: string, name: string, text: string, flush = false): Promise<void> {
  const key = await readUndoKey();
  if (key === null) return;
  const seal = await makeSeal(key, folder, name, text);
  const file = await open(join(folder, name), "wx", 0o600);
  try {
    await file.writeFile(`${text}\n${seal}\n`);
    if (flush) await file.sync();
  } finally {
    await file.close();
  }
}

/** The record's text; null where there is none, or none that bears the seal. */
export async function readSealed(folder: string, name: string): Promise<string | null> {
  const [text, seal] = (await readPlain(join(folder, name)).catch(() => "")).split("\n");
  const key = text === undefined || seal === undefined ? null : await readUndoKey();
  if (key === null || text === undefined || seal === undefined) return null;
  const right = Buffer.from(await makeSeal(key, folder, name, text));
  const found = Buffer.from(seal);
  return found.length === right.length && timingSafeEqual(found, right) ? text : null;
}

/** A folder that was copied has another inode, and one that was renamed another name. */
async function makeSeal(key: Buffer, folder: string, name: string, text: string): Promise<string> {
  const { ino } = await lstat(folder, { bigint: true });
  return createHmac("sha256", key)
    .update(JSON.stringify([basename(folder), String(ino), name, text]))
    .digest("hex");
}

async function readPlain(path: string): Promise<string> {
  const file = await open(path, READ);
  try {
    const stats = await file.stat();
    return stats.isFile() && stats.size <= LONGEST ? await file.readFile("utf8") : "";
  } finally {
    await file.close();
  }
}
