import { lstat, realpath } from "node:fs/promises";
import { join } from "node:path";
import { META, type Entry } from "../../archive/entry.js";
import type { ArchiveIndex } from "../../archive/index/index-file.js";
import { readOwnFile, digestOwnIndex, readOwnIndex } from "../../archive/meta-file.js";
import { chooseThreads } from "../../engine/threads.js";
import { notRestored } from "../../archive/not-restored.js";
import { EnvpackError, explainError } from "../../support/errors.js";
import { isHeld, LOCK_ENDINGS } from "../../support/lock.js";
import type { CommonOptions } from "../../support/options.js";
import { decodeFixups } from "../../manifest/fixup-file.js";
import { readRelocation, RELOCATED_FILE, WORKING_PREFIX } from "../../relocate/relocation.js";
import { findAdded, type Added } from "./added.js";
import { compareEntry, type Tree } from "./compare-entry.js";
import { forEachBounded } from "../../support/for-each-bounded.js";
import { ON_WINDOWS } from "../../support/this-machine.js";

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

/** What lies in `.envpack` just while something is at work there. */
const NOTES: readonly (readonly [string, RegExp])[] = [
  [WORKING_PREFIX, new RegExp(`^\\.envpack/relocating-(?:file|\\d+-record|${LOCK_ENDINGS})$`)],
  [REPAIR_PREFIX, new RegExp(`^\\.envpack/repairing-(?:\\d+(?:/.*)?|${LOCK_ENDINGS})$`, "s")],
];

/** Entries between two turns of the event loop. */
const BATCH = 64;

const NAMES = { directory: "folder", file: "file", symlink: "link", hardlink: "file" } as const;

export interface CompareOptions extends CommonOptions {
  /** The archive to compare with; by default the environment's own index is believed. */
  readonly reference?: { readonly index: ArchiveIndex; readonly indexSha256: string };
}

/**
 * Compares a restored environment with its own index, or an archive's: every file's content, every link, what is
 * missing and what was added. Files that were relocated count by their original content. Modes count
 * where an executable lost its x bits, and where somebody has rights that no archive gives: engines make all
 * files executable and read-only. The folder itself is its user's to keep.
 *
 * @throws EnvpackError NOT_AN_ENVIRONMENT, ARCHIVE_CORRUPT, INTERRUPTED
 */
export async function compareTree(folder: string, options: CompareOptions = {}): Promise<Comparison> {
  try {
    const real = await realpath(folder);
    const tree = options.reference === undefined ? await openTree(real) : await treeOf(real, options.reference.index);
    const changed = await compareEntries(tree, options);
    const added = await listAdded(tree);
    const own = options.reference === undefined ? [] : await compareIndex(real, options.reference.indexSha256);
    const differences = [...changed, ...added, ...own].sort((a, b) => (a.path < b.path ? -1 : 1));
    return { differences, entries: tree.entries.length, bytes: tree.bytes };
  } catch (error) {
    throw explainError(error, "cannot read the environment", folder);
  }
}

/** What tells the original content of files that name the environment's place. */
export type Records = Pick<Tree, "fixups" | "relocation">;

interface IndexedTree extends Tree {
  readonly entries: readonly Entry[];
  /** Of content, as the index says. */
  readonly bytes: number;
}

async function openTree(folder: string): Promise<IndexedTree> {
  const own = await readOwnIndex(folder);
  if (own === null) {
    throw notRestored(folder, META.index);
  }
  return treeOf(folder, own.index);
}

async function treeOf(folder: string, { entries, totals }: ArchiveIndex): Promise<IndexedTree> {
  const owner = ON_WINDOWS ? undefined : (await lstat(folder)).uid;
  return { folder, entries, bytes: totals.bytes, owner, ...(await readRecords(folder)) };
}

/** The index lists all but itself. */
async function compareIndex(folder: string, sha256: string): Promise<Difference[]> {
  const found = await digestOwnIndex(folder).catch(() => null);
  if (found === null) return [{ path: META.index, kind: "missing", detail: "the file is missing" }];
  if (found === sha256) return [];
  return [{ path: META.index, kind: "changed", detail: "its content was changed" }];
}

/** The records of a restored environment's fix-ups. Where they are damaged, what they would have vouched for shows up as changed. */
export async function readRecords(folder: string): Promise<Records> {
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
  await forEachBounded(tree.entries, READS_PER_THREAD * chooseThreads(threads), async (entry) => {
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

/** Everything that no archive holds: neither an entry, nor one of envpack's own notes. */
async function listAdded({ folder, entries }: IndexedTree): Promise<Difference[]> {
  const added: Difference[] = [];
  const isNote = await noteMatcher(folder);
  for await (const { path, kind } of findAdded(folder, entries)) {
    if (isNote(path, kind)) continue;
    added.push({ path, kind: "added", detail: `the ${kind} is not in the archive` });
  }
  return added;
}

/**
 * Which paths are envpack's own notes: the record of relocations, and what lies in `.envpack` while one is at
 * work there, which its lock tells. Whatever else has such a name was put there by somebody, or left.
 */
async function noteMatcher(folder: string): Promise<(path: string, kind: Added["kind"]) => boolean> {
  const atWork: RegExp[] = [];
  for (const [prefix, names] of NOTES) if (await isHeld(join(folder, META.folder, `${prefix}lock`))) atWork.push(names);
  return (path, kind) => (path === RELOCATED_FILE && kind === "file") || atWork.some((names) => names.test(path));
}
