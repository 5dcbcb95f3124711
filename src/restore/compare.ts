import { createHash } from "node:crypto";
import { readdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { META, type Entry } from "../archive/entry.js";
import { decodeIndex, type ArchiveIndex } from "../archive/index-file.js";
import { readOwnFile } from "../archive/own-file.js";
import { affordableThreads } from "../engine/affordable-threads.js";
import { EnvpackError, explainError } from "../errors.js";
import type { CommonOptions } from "../options.js";
import { decodeFixups } from "../relocate/fixup-file.js";
import { readRelocation, RELOCATED_FILE, WORKING_PREFIX } from "../relocate/relocation.js";
import { compareEntry, type Tree } from "./compare-entry.js";
import { forEachBounded } from "./for-each-bounded.js";

/** What of a restored environment is not as it was packed. */
export interface Difference {
  /** Relative to the environment's folder. */
  readonly path: string;
  readonly kind: "changed" | "missing" | "added";
  /** One line, for people. */
  readonly detail: string;
}

export interface Comparison {
  /** Sorted by path. */
  readonly differences: readonly Difference[];
  /** Entries that were looked for, and the bytes of content that were read. */
  readonly entries: number;
  readonly bytes: number;
}

/** Large files read at a time for each thread that was asked for: while one is hashed, others come from the disk. */
const READS_PER_THREAD = 4;

/** Beginning of the names in `.envpack` that exist just while an environment is repaired. */
export const REPAIR_PREFIX = "repairing-";

/** Entries between two turns of the event loop. */
const BATCH = 64;

/** What comes and goes in `.envpack` by itself. */
const NOTES = [WORKING_PREFIX, REPAIR_PREFIX].map((prefix) => `${META.folder}/${prefix}`);

const NAMES = { directory: "folder", file: "file", symlink: "link", hardlink: "file" } as const;

export interface CompareOptions extends CommonOptions {
  /** The archive to compare with; by default the environment's own index is believed. */
  readonly reference?: { readonly index: ArchiveIndex; readonly indexSha256: string };
}

/**
 * Compares a restored environment with its own index, or an archive's: every file's content, every link, what is
 * missing and what was added. Files that were relocated count by their original content. Modes count
 * only where an executable lost its x bits: engines make all files executable and read-only.
 *
 * @throws EnvpackError NOT_AN_ENVIRONMENT, ARCHIVE_CORRUPT, INTERRUPTED
 */
export async function compareTree(folder: string, options: CompareOptions = {}): Promise<Comparison> {
  try {
    const real = await realpath(folder);
    const tree = options.reference === undefined ? await openTree(real) : await treeOf(real, options.reference.index);
    const changed = await compareEntries(tree, options);
    const added = await findAdded(tree);
    const own = options.reference === undefined ? [] : await compareIndex(real, options.reference.indexSha256);
    const differences = [...changed, ...added, ...own].sort((a, b) => (a.path < b.path ? -1 : 1));
    return { differences, entries: tree.entries.length, bytes: tree.bytes };
  } catch (error) {
    throw explainError(error, "cannot read the environment", folder);
  }
}

interface IndexedTree extends Tree {
  readonly entries: readonly Entry[];
  /** Of content, as the index says. */
  readonly bytes: number;
}

async function openTree(folder: string): Promise<IndexedTree> {
  const index = await readOwnFile(folder, META.index);
  if (index === null) {
    throw new EnvpackError("NOT_AN_ENVIRONMENT", `not an environment that envpack restored: it has no ${META.index}`, { path: folder });
  }
  return treeOf(folder, decodeIndex(index));
}

async function treeOf(folder: string, { entries, totals }: ArchiveIndex): Promise<IndexedTree> {
  return { folder, entries, bytes: totals.bytes, ...(await readRecords(folder)) };
}

/** The index lists all but itself. */
async function compareIndex(folder: string, sha256: string): Promise<Difference[]> {
  const content = await readOwnFile(folder, META.index).catch(() => null);
  if (content === null) return [{ path: META.index, kind: "missing", detail: "the file is missing" }];
  if (createHash("sha256").update(content).digest("hex") === sha256) return [];
  return [{ path: META.index, kind: "changed", detail: "its content was changed" }];
}

/** The records of a restored environment's fix-ups. Where they are damaged, what they would have vouched for shows up as changed. */
export async function readRecords(folder: string): Promise<Pick<Tree, "fixups" | "relocation">> {
  try {
    const relocation = await readRelocation(folder);
    const fixups = relocation === null ? [] : decodeFixups((await readOwnFile(folder, META.fixups)) ?? Buffer.alloc(0));
    return { relocation, fixups: new Map(fixups.map((fixup) => [fixup.path, fixup])) };
  } catch {
    return { relocation: null, fixups: new Map() };
  }
}

async function compareEntries(tree: IndexedTree, { threads, signal, onProgress }: CommonOptions): Promise<Difference[]> {
  const differences: Difference[] = [];
  let done = 0;
  let looked = 0;
  await forEachBounded(tree.entries, READS_PER_THREAD * affordableThreads(threads ?? 1), async (entry) => {
    if (signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted");
    looked += 1;
    // Small files never wait for anything: signals and timers must get their turn all the same.
    if (looked % BATCH === 0) await new Promise(setImmediate);
    const found = await compareEntry(entry, tree);
    if (found === "missing") differences.push({ path: entry.path, kind: "missing", detail: `the ${NAMES[entry.type]} is missing` });
    else if (found !== null) differences.push({ path: entry.path, kind: "changed", detail: found.detail });
    if (entry.type !== "file") return;
    done += entry.size;
    onProgress?.({ stage: "checking", done, total: tree.bytes });
  });
  return differences;
}

/** Everything below the folder that no archive holds: neither an entry, nor envpack's own notes. */
async function findAdded({ folder, entries }: IndexedTree): Promise<Difference[]> {
  const known = new Set([META.index, ...entries.map((entry) => entry.path)]);
  const added: Difference[] = [];
  const pending = [""];
  for (let parent = pending.pop(); parent !== undefined; parent = pending.pop()) {
    const children = await readdir(join(folder, parent), { withFileTypes: true });
    for (const child of children) {
      const path = parent === "" ? child.name : `${parent}/${child.name}`;
      if (child.isDirectory()) pending.push(path);
      if (path === RELOCATED_FILE && child.isFile()) continue;
      if (known.has(path) || NOTES.some((note) => path.startsWith(note))) continue;
      const what = child.isDirectory() ? "folder" : child.isSymbolicLink() ? "link" : "file";
      added.push({ path, kind: "added", detail: `the ${what} is not in the archive` });
    }
  }
  return added;
}
