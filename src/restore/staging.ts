import { randomBytes } from "node:crypto";
import { lstat, mkdir, readdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { removeTree } from "./remove-tree.js";
import { inspectTarget, isStagingName, type Target } from "./target.js";

/** A private folder in which an environment is made ready. */
export interface Staging {
  readonly folder: string;
  /** The environment; its mode is that of a folder which the user makes. */
  readonly tree: string;
  /** Where a target that is replaced is put. */
  readonly old: string;
  /** Names the parts that are being moved up into an existing folder. */
  readonly journal: string;
}

function describeStaging(folder: string): Staging {
  return { folder, tree: join(folder, "tree"), old: join(folder, "old"), journal: join(folder, "moving.json") };
}

export async function makeStaging(target: Target): Promise<Staging> {
  const name = `${target.prefix}${process.pid}-${randomBytes(6).toString("hex")}`;
  const staging = describeStaging(join(target.workplace, name));
  await mkdir(staging.folder, { mode: 0o700 });
  await mkdir(staging.tree);
  return staging;
}

/**
 * Removes what unpackers of this target left that were killed, and puts the target back as it was
 * before them. Only for who holds the target's lock: then no other is at work.
 */
export async function clearStale(target: Target): Promise<void> {
  for (const name of await readdir(target.workplace)) {
    if (!isStagingName(name, target.prefix)) continue;
    const staging = describeStaging(join(target.workplace, name));
    const { uid } = await lstat(staging.folder);
    // In a folder that all may write, such as /tmp, others could make one up.
    if (process.geteuid !== undefined && uid !== process.geteuid()) continue;
    await undoSwap(staging, target);
    await undoMoves(staging, target);
    await removeTree(staging.folder);
  }
}

/** Cut off between the two renames of a replacement: the old one comes back. */
async function undoSwap(staging: Staging, target: Target): Promise<void> {
  if ((await inspectTarget(staging.old)) === "absent" || (await inspectTarget(target.path)) !== "absent") return;
  await rename(staging.old, target.path);
}

/** Cut off while parts were moved up: those that were are removed, unless all were. */
async function undoMoves(staging: Staging, target: Target): Promise<void> {
  if (target.way !== "inside") return;
  const names = await readJournal(staging.journal);
  const left = new Set(await readdir(staging.tree).catch(() => []));
  if (left.size === 0) return;
  for (const name of names) {
    if (!left.has(name)) await removeTree(join(target.path, name));
  }
}

async function readJournal(path: string): Promise<string[]> {
  const content = await readFile(path, "utf8").catch(() => "[]");
  try {
    const names: unknown = JSON.parse(content);
    if (!Array.isArray(names)) return [];
    return names.filter((name): name is string => typeof name === "string" && !/^\.{0,2}$|\//.test(name));
  } catch {
    // Half written: then nothing was moved yet.
    return [];
  }
}
