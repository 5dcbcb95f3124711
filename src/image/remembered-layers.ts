import { createHash, hash, randomBytes } from "node:crypto";
import { closeSync, lstatSync, openSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { utimes } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { isOwn } from "../cache/own-folder.js";
import { openCache } from "../cache/place.js";
import type { FileHits } from "../scan/scan.js";
import { digest, size } from "./oci/documents.js";
import { readShortFile } from "../support/read-text.js";

/** What is remembered of a layer, beside the index lines of its entries: enough to put it into another image without reading its files. */
export interface RememberedLayer {
  /** "sha256:…" of the compressed layer, and its bytes. */
  readonly digest: string;
  readonly size: number;
  readonly diffId: string;
  readonly hits: readonly FileHits[];
}

const LAYER = v.object({ digest, size, diffId: digest, hits: v.array(v.looseObject({ path: v.string(), places: v.array(v.unknown()) })) });

/** Whether a record tells of a layer: each of its lines ends. */
export function isLayer(value: unknown, lines: Buffer): boolean {
  return v.is(LAYER, value) && lines.at(-1) === NEWLINE;
}

/** What a record holds: a line of JSON, any bytes behind it, and its digest. */
export interface Remembered<T> {
  readonly value: T;
  readonly bytes: Buffer;
}

/** Bytes of a record, and of the digest behind it. */
const MOST_BYTES = 256 << 20;
const DIGEST = 64;
/** Layers that are remembered: those of a dozen images in a dozen versions. */
const MOST_RECORDS = 256;
const NEWLINE = 10;
const KEY = /^[0-9a-f]{64}$/;

/**
 * What was remembered under that key; null where nothing is known, or nothing that can be trusted.
 *
 * @param fits whether a record is of the form that was remembered: a file of this user's may still be anything
 */
export async function recall<T>(key: string, fits: (value: Partial<T>, bytes: Buffer) => boolean): Promise<Remembered<T> | null> {
  try {
    const { folder } = openCache("layers");
    if (folder === null) return null;
    const path = join(folder, key);
    // Only what this user wrote: whoever can write here could have another layer put into an image.
    if (!isOwn(lstatSync(path))) return null;
    const record = readShortFile(path, MOST_BYTES);
    const end = record.length - DIGEST;
    if (end < 0 || hash("sha256", record.subarray(0, end)) !== record.toString("latin1", end)) return null;
    const now = new Date();
    await utimes(path, now, now);
    const line = record.indexOf(NEWLINE);
    const value = JSON.parse(record.toString("utf8", 0, line)) as T | null;
    const bytes = record.subarray(line + 1, end);
    return typeof value === "object" && value !== null && fits(value, bytes) ? { value, bytes } : null;
  } catch {
    return null;
  }
}

/** It is only remembered for next time: what goes wrong here stops nothing, and leaves nothing half written. */
export function remember(key: string, value: object, bytes: readonly Uint8Array[] = []): void {
  try {
    const { folder } = openCache("layers");
    if (folder === null) return;
    const writing = join(folder, `.writing-${process.pid}-${randomBytes(4).toString("hex")}`);
    try {
      writeRecord(writing, [Buffer.from(`${JSON.stringify(value)}\n`), ...bytes]);
      renameSync(writing, join(folder, key));
    } catch (error) {
      rmSync(writing, { force: true });
      throw error;
    }
    removeOld(folder);
  } catch {
    // A full disk, or a cache that was removed meanwhile.
  }
}

/** Part by part: the lines of a large environment, put together first, would take its memory once more. */
function writeRecord(path: string, parts: readonly Uint8Array[]): void {
  const descriptor = openSync(path, "wx", 0o600);
  try {
    const sum = createHash("sha256");
    for (const part of parts) {
      sum.update(part);
      writeFileSync(descriptor, part);
    }
    writeFileSync(descriptor, sum.digest("hex"));
  } finally {
    closeSync(descriptor);
  }
}

function removeOld(folder: string): void {
  const records = readdirSync(folder).filter((name) => KEY.test(name));
  if (records.length <= MOST_RECORDS) return;
  const byAge = records.map((name) => ({ name, time: lstatSync(join(folder, name)).mtimeMs })).sort((a, b) => b.time - a.time);
  for (const { name } of byAge.slice(MOST_RECORDS)) rmSync(join(folder, name), { force: true });
}
