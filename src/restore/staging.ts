import { randomBytes } from "node:crypto";
import { lstat, mkdir, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { isOwnStaging, isStagingName, MARK, markStaging } from "./own-staging.js";
import { removeTree } from "../support/remove-tree.js";
import { readSealed, writeSealed } from "./sealed-record.js";
import { inspectTarget, type Target } from "./target.js";

/** A private folder in which an environment is made ready. */
export interface Staging {
  readonly folder: string;
  /** The environment; its mode is that of a folder which the user makes. */
  readonly tree: string;
  /** Where a target that is replaced is put. */
  readonly old: string;
}

/** A part that is moved up into an existing folder: its name, and the inode by which it is known there. */
type Part = readonly [name: string, inode: string];

/** The sealed record of the parts that are being moved up. */
const JOURNAL = "moving.json";

function describeStaging(folder: string): Staging {
  return { folder, tree: join(folder, "tree"), old: join(folder, "old") };
}

export async function makeStaging(target: Target): Promise<Staging> {
  const name = `${target.prefix}${process.pid}-${randomBytes(6).toString("hex")}`;
  const staging = describeStaging(join(target.workplace, name));
  await mkdir(staging.folder, { mode: 0o700 });
  await markStaging(staging.folder);
  await mkdir(staging.tree);
  return staging;
}

/** Writes down which parts of a staged environment will be moved up, so that the next unpacker can undo it. */
export async function noteParts({ folder, tree }: Staging, names: readonly string[]): Promise<void> {
  const parts = await Promise.all(names.map(async (name): Promise<Part> => [name, await inodeOf(join(tree, name))]));
  await writeSealed(folder, JOURNAL, JSON.stringify(parts), true);
}

async function inodeOf(path: string): Promise<string> {
  return String((await lstat(path, { bigint: true })).ino);
}

/**
 * Puts a target back as it was before unpackers that were killed: what was moved goes back to where it came
 * from. Only for who holds the target's lock: then no other is at work. Nothing is removed, and nothing is
 * moved but what a sealed record vouches for.
 */
export async function undoStale(target: Target): Promise<void> {
  for (const staging of await listStale(target)) {
    await undoSwap(staging, target);
    await undoMoves(staging, target);
  }
}

/** Removes what unpackers left that were killed, once what they did to the target is undone; `except` is at work. */
export async function removeStale(target: Target, except?: Staging): Promise<void> {
  for (const { folder } of await listStale(target)) if (folder !== except?.folder) await removeStaging(folder);
}

/** Removes a staging folder, its mark last: what is left where that fails is known as envpack's by the next. */
export async function removeStaging(folder: string): Promise<void> {
  for (const name of await readdir(folder)) if (name !== MARK) await removeTree(join(folder, name));
  await removeTree(folder);
}

async function listStale(target: Target): Promise<Staging[]> {
  const found: Staging[] = [];
  for (const name of await readdir(target.workplace)) {
    const folder = join(target.workplace, name);
    if (isStagingName(name, target.prefix) && (await isOwnStaging(folder))) found.push(describeStaging(folder));
  }
  return found;
}

/** Cut off between the two renames of a replacement: the old one comes back. */
async function undoSwap({ old }: Staging, target: Target): Promise<void> {
  if ((await inspectTarget(old)) === "absent" || (await inspectTarget(target.path)) !== "absent") return;
  await rename(old, target.path);
}

/** Cut off while parts were moved up: those that were go back, unless all were. */
async function undoMoves({ folder, tree }: Staging, target: Target): Promise<void> {
  if (target.way !== "inside") return;
  const parts = JSON.parse((await readSealed(folder, JOURNAL)) ?? "[]") as Part[];
  const left = new Set(await readdir(tree).catch(() => []));
  if (left.size === 0) return;
  for (const [name, inode] of parts) {
    const moved = join(target.path, name);
    // Somebody may have put something else there since.
    if (!left.has(name) && (await inodeOf(moved).catch(() => "")) === inode) await rename(moved, join(tree, name));
  }
}
