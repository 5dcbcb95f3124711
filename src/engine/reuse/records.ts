import { createHash, hash, randomBytes, type Hash } from "node:crypto";
import { closeSync, openSync, readdirSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { utimes, lstat } from "node:fs/promises";
import { join } from "node:path";
import type { FrameRecord } from "../../archive/index/index-lines.js";
import { isOwn } from "../../cache/own-folder.js";
import { openCache, type CachePlace } from "../../cache/place.js";
import { readShortFile } from "../../support/read-text.js";
import type { FileHits } from "../../scan/scan.js";

/** What is remembered of a frame of an archive: enough to put it into another one without reading its files. */
export interface RememberedFrame extends FrameRecord {
  /** SHA-256 of its bytes in the archive, in hex. */
  readonly sha256: string;
  /** The SHA-256s of its files in base64, 32 bytes each; of a piece that of the whole file. */
  readonly digests: string;
  /** CRC-32 of its tar bytes. */
  readonly tarCrc32: number;
  readonly hits: readonly FileHits[];
  /** Of a piece: whether it holds a NUL. */
  readonly binary: boolean;
}

/*
 * A file an archive, named by the SHA-256 of the archive's index: a line a frame, which is its key, a
 * space and a RememberedFrame as JSON, and at the end the SHA-256 of all lines before. What is
 * not so is not read.
 */
const KEY_LENGTH = 64;

/** Archives that are remembered, and bytes that this may take. */
const MOST_RECORDS = 32;
const MOST_BYTES = 512 << 20;
/** Milliseconds after which a temporary file is one of a process that was killed. */
const ABANDONED = 3_600_000;
const TEMPORARY = /^\.writing-\d+-[0-9a-f]{8}$/;

/**
 * The frames of an archive as they were remembered, as JSON and by key; none where nothing is known, or
 * nothing that can be trusted.
 */
export async function readRecords(indexSha256: string): Promise<ReadonlyMap<string, () => string>> {
  const found = new Map<string, () => string>();
  try {
    const { folder } = openCache("frames");
    if (folder === null) return found;
    const path = join(folder, indexSha256);
    // Only what this user wrote: whoever can write here could have other digests put into an archive.
    if (!isOwn(await lstat(path))) return found;
    const bytes = readShortFile(path, MOST_BYTES);
    const end = bytes.length - KEY_LENGTH;
    if (end < 0 || hash("sha256", bytes.subarray(0, end)) !== bytes.toString("latin1", end)) return found;
    for (let at = 0; at < end;) {
      const next = bytes.indexOf(10, at) + 1;
      const line = bytes.subarray(at + KEY_LENGTH, next);
      found.set(bytes.toString("latin1", at, at + KEY_LENGTH), () => line.toString("utf8"));
      at = next;
    }
    const now = new Date();
    await utimes(path, now, now);
  } catch {
    // There is none, or it cannot be read: everything is packed afresh.
  }
  return found;
}

/**
 * Writes down the frames of an archive while it is packed. It is only remembered for next time, so nothing
 * that goes wrong here stops the packing.
 */
export class RecordWriter {
  readonly #place: CachePlace = openCache("frames");
  readonly #temporary = join(this.#place.folder ?? "", `.writing-${process.pid}-${randomBytes(4).toString("hex")}`);
  readonly #hash: Hash = createHash("sha256");
  #fd: number | null = null;

  constructor() {
    if (this.#place.folder === null) return;
    this.#try(() => {
      this.#fd = openSync(this.#temporary, "wx", 0o600);
    });
  }

  /** Why nothing is remembered, where the cache is not this user's alone. */
  get notice(): CachePlace["notice"] {
    return this.#place.notice;
  }

  add(key: string, frame: RememberedFrame): void {
    const line = `${key} ${JSON.stringify(frame)}\n`;
    this.#hash.update(line);
    this.#write(line);
  }

  /** @param indexSha256 of the archive, once it is whole */
  finish(indexSha256: string): void {
    this.#write(this.#hash.digest("hex"));
    const { folder } = this.#place;
    if (this.#fd === null || folder === null) return;
    this.#try(() => {
      this.#close();
      renameSync(this.#temporary, join(folder, indexSha256));
      removeOld(folder);
    });
  }

  /** Forgets what was written; harmless after `finish`. */
  abort(): void {
    if (this.#fd === null) return;
    this.#close();
    rmSync(this.#temporary, { force: true });
  }

  #write(text: string): void {
    const fd = this.#fd;
    if (fd === null) return;
    this.#try(() => {
      const bytes = Buffer.from(text);
      for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
    });
  }

  #try(step: () => void): void {
    try {
      step();
    } catch {
      this.abort();
    }
  }

  #close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }
}

function removeOld(folder: string): void {
  const found = readdirSync(folder).map((name) => ({ path: join(folder, name), name, ...statOf(join(folder, name)) }));
  const old = found.filter(({ name, changed }) => TEMPORARY.test(name) && Date.now() - changed > ABANDONED);
  let bytes = 0;
  const records = found.filter(({ name }) => /^[0-9a-f]{64}$/.test(name)).sort((a, b) => b.changed - a.changed);
  for (const [index, record] of records.entries()) {
    bytes += record.size;
    if (index >= MOST_RECORDS || (index > 0 && bytes > MOST_BYTES)) old.push(record);
  }
  for (const { path } of old) rmSync(path, { force: true });
}

function statOf(path: string): { readonly size: number; readonly changed: number } {
  // Another process may have removed it.
  const stats = statSync(path, { throwIfNoEntry: false });
  return { size: stats?.size ?? 0, changed: stats?.mtimeMs ?? 0 };
}
