import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { Parser } from "tar/parse";
import type { ReadEntry } from "tar/read-entry";
import { EnvpackError, explainError } from "../../support/errors.js";
import { folderOfParcelFile } from "./parcel-name.js";

/** A parcel as a repository's `manifest.json` lists it. */
export interface ListedParcel {
  readonly parcelName: string;
  /** SHA-1 of the file, in hex. */
  readonly hash: string;
  readonly components: readonly unknown[];
  readonly [field: string]: unknown;
}

export interface ParcelRepository {
  /** Milliseconds since 1970: the time of the newest parcel. */
  readonly lastUpdated: number;
  readonly parcels: readonly ListedParcel[];
}

/** Of parcel.json what a repository repeats, where it is there. */
const REPEATED = ["components", "depends", "replaces", "conflicts", "servicesRestartInfo"] as const;

/** Of the meta folder. */
const KEPT = new Set(["parcel.json", "release-notes.txt"]);

/** Bytes of a parcel.json or of release notes. */
const LIMIT = 4 << 20;

/**
 * Lists the parcels of a folder as Cloudera Manager wants it told, sorted by name.
 *
 * Source: github.com/cloudera/cm_ext, wiki "The parcel repository format".
 *
 * @throws EnvpackError NOT_A_PARCEL naming the first file that calls itself a parcel and is none
 */
export async function listParcels(folder: string): Promise<ParcelRepository> {
  const names = (await tryTo(folder, () => readdir(folder))).filter((name) => name.endsWith(".parcel")).sort();
  if (names.length === 0) {
    throw new EnvpackError("NOT_A_PARCEL", "the folder holds no parcel", {
      path: folder,
      hint: "make one with `envpack pack --format parcel -o FOLDER/`",
    });
  }
  const parcels: ListedParcel[] = [];
  let lastUpdated = 0;
  for (const name of names) {
    const file = join(folder, name);
    const { mtimeMs, isFile } = await look(file);
    if (!isFile) throw notAParcel(file, "it is no file");
    lastUpdated = Math.max(lastUpdated, Math.floor(mtimeMs));
    parcels.push(await describeParcel(file));
  }
  return { lastUpdated, parcels };
}

async function look(file: string): Promise<{ mtimeMs: number; isFile: boolean }> {
  const stats = await tryTo(file, () => stat(file));
  return { mtimeMs: stats.mtimeMs, isFile: stats.isFile() };
}

async function describeParcel(file: string): Promise<ListedParcel> {
  const parcelName = basename(file);
  const folder = folderOfParcelFile(parcelName);
  if (folder === null) throw notAParcel(file, "its name is not NAME-VERSION-DISTRO.parcel");
  const { hash, meta } = await readParcel(file, folder);
  const text = meta.get("parcel.json");
  if (text === undefined) throw notAParcel(file, `it holds no ${folder}/meta/parcel.json`);
  const descriptor = parseDescriptor(file, text);
  const own = `${String(descriptor.name)}-${String(descriptor.version)}`;
  if (own !== folder) throw notAParcel(file, `its parcel.json names ${JSON.stringify(own)}, its file ${JSON.stringify(folder)}`);
  if (!Array.isArray(descriptor.components)) throw notAParcel(file, "its parcel.json lists no components");
  const repeated = REPEATED.filter((field) => descriptor[field] !== undefined).map((field) => [field, descriptor[field]] as const);
  const notes = meta.get("release-notes.txt");
  return {
    parcelName,
    hash,
    ...Object.fromEntries(repeated),
    components: descriptor.components as unknown[],
    ...(notes === undefined ? {} : { releaseNotes: notes }),
  };
}

/** The file is read once: for its digest, and for the texts in its meta folder. */
async function readParcel(file: string, folder: string): Promise<{ hash: string; meta: ReadonlyMap<string, string> }> {
  const hash = createHash("sha1");
  const meta = new Map<string, string>();
  let failure: unknown = null;
  const parser = new Parser({
    strict: true,
    maxDecompressionRatio: Infinity,
    onReadEntry: (entry) => takeText(entry, `${folder}/meta/`, meta),
  });
  parser.on("error", (error: unknown) => (failure ??= error));
  const digest = async function* (pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const piece of pieces) {
      hash.update(piece);
      yield piece;
    }
  };
  const parse = async (pieces: AsyncIterable<Buffer>): Promise<void> => {
    for await (const piece of pieces) parser.write(piece);
    parser.end();
  };
  try {
    await pipeline(createReadStream(file), digest, createGunzip(), parse);
    if (failure !== null) throw failure as Error;
  } catch (error) {
    const explained = explainError(error, "cannot read the parcel", file);
    throw explained instanceof EnvpackError ? explained : notAParcel(file, "it is no gzipped tar that can be read to its end", error);
  }
  return { hash: hash.digest("hex"), meta };
}

/** Keeps what a repository repeats; the rest is read past. */
function takeText(entry: ReadEntry, place: string, texts: Map<string, string>): void {
  const name = entry.path.startsWith(place) ? entry.path.slice(place.length) : "";
  if (!KEPT.has(name) || entry.size > LIMIT || entry.type !== "File") {
    entry.resume();
    return;
  }
  const pieces: Buffer[] = [];
  entry.on("data", (piece: Buffer) => pieces.push(piece));
  entry.on("end", () => texts.set(name, Buffer.concat(pieces).toString("utf8")));
}

function parseDescriptor(file: string, text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw notAParcel(file, "its parcel.json is no JSON object");
}

function notAParcel(path: string, why: string, cause?: unknown): EnvpackError {
  return new EnvpackError("NOT_A_PARCEL", `not a parcel: ${why}`, {
    path,
    hint: "move it out of the folder, or make it anew with `envpack pack --format parcel`",
    cause,
  });
}

async function tryTo<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw explainError(error, "cannot read", path);
  }
}
