import { Header } from "tar/header";
import { Pax } from "tar/pax";
import { BLOCK, paddedSize } from "../../archive/tar/header-fields.js";

/** A file or folder of the system, with what entries of an environment never have: a mode and an owner of its own. */
export interface SystemEntry {
  /** Without a "/" before it. */
  readonly path: string;
  readonly mode: number;
  readonly uid?: number;
  /** Null of a folder. */
  readonly bytes: Uint8Array | null;
}

/**
 * A tar of files that are held in memory, without an end mark; the folders above all of them are added.
 *
 * @param mtime seconds since 1970, of all entries
 */
export function encodeSystem(entries: readonly SystemEntry[], mtime: number): Buffer {
  const all = new Map<string, SystemEntry>();
  for (const entry of entries) {
    const parts = entry.path.split("/");
    for (let length = 1; length < parts.length; length++) {
      const path = parts.slice(0, length).join("/");
      if (!all.has(path)) all.set(path, { path, mode: 0o755, bytes: null });
    }
    all.set(entry.path, entry);
  }
  const sorted = [...all.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  return Buffer.concat(sorted.flatMap((entry) => encodeEntry(entry, mtime)));
}

function encodeEntry({ path, mode, uid = 0, bytes }: SystemEntry, mtime: number): Uint8Array[] {
  const size = bytes?.length ?? 0;
  const block = Buffer.alloc(BLOCK);
  const header = new Header({
    type: bytes === null ? "Directory" : "File",
    path: bytes === null ? `${path}/` : path,
    mode,
    uid,
    gid: uid,
    size,
    mtime: new Date(mtime * 1000),
    uname: "",
    gname: "",
  });
  // A path that is long, or has other letters than ASCII's, stands in a record before it.
  const record = header.encode(block) ? [new Pax({ path: `${path}${bytes === null ? "/" : ""}` }).encode()] : [];
  return [...record, block, ...(bytes === null ? [] : [bytes, Buffer.alloc(paddedSize(size) - size)])];
}

/** Headers of the folders from the root down to `path`, the last included. */
export function encodeFolders(path: string, mtime: number): Buffer {
  return encodeSystem([{ path, mode: 0o755, bytes: null }], mtime);
}
