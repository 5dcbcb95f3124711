import { isTrusted } from "../../support/owner.js";
import { createHash, subtle } from "node:crypto";
import { createReadStream, lstatSync, readFileSync, readlinkSync, type Stats } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Entry, FileEntry, HardlinkEntry, SymlinkEntry } from "../../archive/entry.js";
import type { Fixup } from "../../manifest/fixup.js";
import { findOriginal } from "../../relocate/original.js";
import type { Relocation } from "../../relocate/relocation.js";
import { sha256Of } from "../../support/digest.js";

/** A restored environment, with what is known of its files. */
export interface Tree {
  /** Absolute, links resolved. */
  readonly folder: string;
  readonly fixups: ReadonlyMap<string, Fixup>;
  readonly relocation: Relocation | null;
  /** The user id that owns the folder; absent where owners and modes are not looked at. */
  readonly owner?: number;
}

/** Bytes up to which a file is read and hashed at once: handing it to another thread costs more than that. */
const SMALL_FILE = 64 << 10;
/** Bytes up to which a file is read in one piece, and hashed apart from the main thread. */
const WHOLE_FILE = 4 << 20;

/**
 * What is different about an entry on the disk: "missing", a line of detail, or null where it is as it
 * was packed.
 */
export async function compareEntry(entry: Entry, tree: Tree): Promise<"missing" | { readonly detail: string } | null> {
  const path = join(tree.folder, entry.path);
  try {
    const stats = lstatSync(path);
    const detail = (await findDetail(entry, path, stats, tree)) ?? findRight(entry, stats, tree);
    return detail === null ? null : { detail };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return "missing";
    if (code === "EACCES" || code === "EPERM" || code === "EIO") return { detail: `cannot be read (${code})` };
    throw error;
  }
}

async function findDetail(entry: Entry, path: string, stats: Stats, tree: Tree): Promise<string | null> {
  switch (entry.type) {
    case "directory":
      return stats.isDirectory() ? null : `is ${kindOf(stats)}, not a folder`;
    case "symlink":
      return compareSymlink(entry, path, stats);
    case "hardlink":
      return compareHardlink(entry, stats, tree);
    case "file":
      return compareFile(entry, path, stats, tree);
  }
}

/** Why no archive brings something of such a mode, which is no link; null where it could. */
export function findModeFault(type: string, mode: number): string | null {
  if (type !== "directory" && (mode & 0o7000) !== 0) return "has a setuid, setgid or sticky bit";
  return (mode & 0o002) === 0 ? null : "may be written by everyone";
}

/**
 * Rights that no archive brings and no unpacking gives: whoever has them can change the file, or gains by running
 * it. Folders get setgid from the one above where groups share them. A link's own rights say nothing.
 */
function findRight({ type }: Entry, { mode, uid }: Stats, { owner }: Tree): string | null {
  if (owner === undefined || type === "symlink") return null;
  const fault = findModeFault(type, mode);
  if (fault !== null) return fault;
  // A volume's own folder is root's, and what this user unpacked into it is this user's.
  return uid === owner || isTrusted({ uid }) ? null : `belongs to another user (${uid}) than its folder`;
}

function kindOf(stats: Stats): string {
  if (stats.isFile()) return "a file";
  if (stats.isDirectory()) return "a folder";
  return stats.isSymbolicLink() ? "a link" : "a special file";
}

function compareSymlink(entry: SymlinkEntry, path: string, stats: Stats): string | null {
  if (!stats.isSymbolicLink()) return `is ${kindOf(stats)}, not a link`;
  const target = readlinkSync(path);
  return target === entry.target ? null : `leads to ${target}, not to ${entry.target}`;
}

/** The content is looked at once, at the file that the link is for. */
function compareHardlink(entry: HardlinkEntry, stats: Stats, tree: Tree): string | null {
  if (!stats.isFile()) return `is ${kindOf(stats)}, not a file`;
  const other = lstatSync(join(tree.folder, entry.target));
  return stats.ino === other.ino && stats.dev === other.dev ? null : `is no hard link to ${entry.target}`;
}

async function compareFile(entry: FileEntry, path: string, stats: Stats, tree: Tree): Promise<string | null> {
  if (!stats.isFile()) return `is ${kindOf(stats)}, not a file`;
  const fixup = tree.relocation?.files.has(entry.path) === true ? tree.fixups.get(entry.path) : undefined;
  if (fixup !== undefined) {
    const original = findOriginal(await readFile(path), fixup, tree.relocation, entry.sha256);
    if (original === null) return "its content was changed";
  } else {
    if (stats.size !== entry.size) return `has ${stats.size} bytes, not ${entry.size}`;
    if ((await digestFile(path, stats.size)) !== entry.sha256) return "its content was changed";
  }
  return entry.executable && (stats.mode & 0o111) === 0 ? "is no longer executable" : null;
}

/** SHA-256 of a file's content, in hex. */
export async function digestFile(path: string, size: number): Promise<string> {
  if (size <= SMALL_FILE) return sha256Of(readFileSync(path));
  if (size <= WHOLE_FILE) return Buffer.from(await subtle.digest("SHA-256", await readFile(path))).toString("hex");
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
