/**
 * An entry of an archive, as its index lists it.
 *
 * `path` is an arcpath: relative to the archive's root, parts joined by "/", no empty, "." or ".."
 * part, valid Unicode, at most 4095 bytes in UTF-8 and 255 a part. Modes are not free: a file is 0755
 * or 0644, a folder 0755, so the index holds just the x bit.
 */
export type Entry = DirectoryEntry | FileEntry | SymlinkEntry | HardlinkEntry;

export interface DirectoryEntry {
  readonly type: "directory";
  readonly path: string;
}

export interface FileEntry {
  readonly type: "file";
  readonly path: string;
  readonly executable: boolean;
  /** Bytes of content. */
  readonly size: number;
  /** SHA-256 of the content, 64 lower-case hex digits. */
  readonly sha256: string;
}

export interface SymlinkEntry {
  readonly type: "symlink";
  readonly path: string;
  /** As readlink gives it: relative to the link's own folder; it never leaves the archive's root. */
  readonly target: string;
}

export interface HardlinkEntry {
  readonly type: "hardlink";
  readonly path: string;
  /** As its file is: Python's tarfile and others give the file the mode of the link that came last. */
  readonly executable: boolean;
  /** The arcpath of a file entry that stands earlier in the archive. */
  readonly target: string;
}

/** What the writer is given: as Entry, but a file names where its content is, not its digest. */
export type PlannedEntry = DirectoryEntry | PlannedFile | SymlinkEntry | HardlinkEntry;

export interface PlannedFile {
  readonly type: "file";
  readonly path: string;
  readonly executable: boolean;
  readonly size: number;
  readonly source: FileSource;
}

/** Content that lies on the disk, or that was made while planning (a rewritten shim, a launcher). */
export type FileSource =
  | { readonly kind: "disk"; readonly file: string; readonly identity: FileIdentity }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array };

/** What tells that a file on the disk is still the one that was planned; times in milliseconds. */
export interface FileIdentity {
  readonly dev: number;
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
}

/** A file under another path. */
export function fileUnder(path: string, { executable, size, source }: PlannedFile): PlannedFile {
  return { type: "file", path, executable, size, source };
}

/** A file that was made while planning. */
export function fileOfBytes(path: string, bytes: Uint8Array, executable = false): PlannedFile {
  return { type: "file", path, executable, size: bytes.length, source: { kind: "bytes", bytes } };
}

/** Where envpack keeps its own files inside an archive. */
export const META = {
  folder: ".envpack",
  manifest: ".envpack/manifest.json",
  fixups: ".envpack/fixups.jsonl",
  index: ".envpack/index.jsonl",
} as const;

/** Whether a path is one of envpack's own: a manifest's totals count all entries but these. */
export function isOwn(path: string): boolean {
  return path === META.folder || path === META.manifest || path === META.fixups || path === META.index;
}

/** Bytes of content. */
export function sumSizes(entries: readonly PlannedEntry[]): number {
  return entries.reduce((sum, entry) => sum + (entry.type === "file" ? entry.size : 0), 0);
}
