import { hash, randomBytes } from "node:crypto";
import { lstatSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { utimes } from "node:fs/promises";
import { join } from "node:path";
import { isOwn } from "../cache/own-folder.js";
import { openCache } from "../cache/place.js";
import type { FileHits } from "../scan/scan.js";
import { readShortFile } from "../support/read-text.js";

/** What is remembered of a layer: enough to put it into another image without reading its files. */
export interface RememberedLayer {
  /** "sha256:…" of the compressed layer, and its bytes. */
  readonly digest: string;
  readonly size: number;
  readonly diffId: string;
  readonly hits: readonly FileHits[];
  /** The index lines of its entries. */
  readonly lines: string;
}

/** Bytes of a record, and of the digest behind it. */
const MOST_BYTES = 256 << 20;
const DIGEST = 64;
/** Layers that are remembered: those of a dozen images in a dozen versions. */
const MOST_RECORDS = 256;
const KEY = /^[0-9a-f]{64}$/;

/** What was remembered under that key; null where nothing is known, or nothing that can be trusted. */
export async function recall<T>(key: string): Promise<T | null> {
  try {
    const { folder } = openCache("layers");
    if (folder === null) return null;
    const path = join(folder, key);
    // Only what this user wrote: whoever can write here could have another layer put into an image.
    if (!isOwn(lstatSync(path))) return null;
    const bytes = readShortFile(path, MOST_BYTES);
    const end = bytes.length - DIGEST;
    if (end < 0 || hash("sha256", bytes.subarray(0, end)) !== bytes.toString("latin1", end)) return null;
    const now = new Date();
    await utimes(path, now, now);
    return JSON.parse(bytes.toString("utf8", 0, end)) as T;
  } catch {
    return null;
  }
}

/** It is only remembered for next time: what goes wrong here stops nothing. */
export function remember(key: string, value: object): void {
  try {
    const { folder } = openCache("layers");
    if (folder === null) return;
    const writing = join(folder, `.writing-${process.pid}-${randomBytes(4).toString("hex")}`);
    const text = Buffer.from(JSON.stringify(value));
    writeFileSync(writing, Buffer.concat([text, Buffer.from(hash("sha256", text))]), { flag: "wx", mode: 0o600 });
    renameSync(writing, join(folder, key));
    removeOld(folder);
  } catch {
    // A full disk, or a cache that was removed meanwhile.
  }
}

function removeOld(folder: string): void {
  const records = readdirSync(folder).filter((name) => KEY.test(name));
  if (records.length <= MOST_RECORDS) return;
  const byAge = records.map((name) => ({ name, time: lstatSync(join(folder, name)).mtimeMs })).sort((a, b) => b.time - a.time);
  for (const { name } of byAge.slice(MOST_RECORDS)) rmSync(join(folder, name), { force: true });
}
