import type { KeyObject } from "node:crypto";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { fileOfBytes, META, type PlannedEntry } from "./archive/entry.js";
import { digestFile } from "./archive/digest-file.js";
import type { PackFormat } from "./archive/format.js";
import { refuseExisting, type Sink } from "./engine/output.js";
import { withPool, type Pool } from "./engine/pool.js";
import { openReuse, type Reuse } from "./engine/reuse/reuse.js";
import { writeArchive } from "./engine/write.js";
import { EnvpackError } from "./errors.js";
import type { Manifest } from "./manifest/manifest.js";
import { mtimeOf } from "./pack-mtime.js";
import { finalPath, openSink, type Place } from "./pack-output.js";
import type { LeftOut } from "./plan/plan.js";
import type { Notice } from "./progress.js";
import { fixupsOf } from "./relocate/conda-fixups.js";
import { encodeFixups } from "./relocate/fixup-file.js";
import { foreignRoots } from "./relocate/foreign-roots.js";
import { readSigningKey, signatureName, writeSignature } from "./signatures.js";
import { describeResiduals, splitHits, type Residual } from "./relocate/residual.js";
import type { FileHits } from "./relocate/scan.js";
import { preparePack, rootsOf, type PackPreview, type PrepareOptions, type Prepared, type PreviewEntry } from "./pack-prepare.js";

export type { PackPreview, PreviewEntry } from "./pack-prepare.js";

export interface PackOptions extends PrepareOptions {
  /**
   * An earlier archive: what has not changed since is taken from it as it is. By default the output that is
   * replaced; false for none, and then nothing is remembered for next time either.
   */
  readonly reuse?: string | false;
  /** The codec's own compression level. */
  readonly level?: number;
  /** The file of a private Ed25519 key to sign the archive with: the signature goes into its last bytes. */
  readonly sign?: string;
  /** The same, but the signature becomes a file of its own, `<output>.sig`, and the archive's bytes stay as they are. */
  readonly detachSign?: string;
  /** A folder inside the archive that holds everything. */
  readonly arcroot?: string;
  /** The time that every entry gets, in seconds since 1970; by default SOURCE_DATE_EPOCH, else a constant. */
  readonly mtime?: number;
}

export interface PackResult {
  readonly manifest: Manifest;
  readonly format: PackFormat;
  /** Absolute; null for a stream. */
  readonly output: string | null;
  /** Entries and bytes of content in the archive, and the archive's own bytes. */
  readonly entries: number;
  readonly files: number;
  readonly bytes: number;
  readonly archiveBytes: number;
  /** Bytes of content that were taken from an earlier archive. */
  readonly reusedBytes: number;
  /** SHA-256 of the archive, in hex. */
  readonly sha256: string;
  /** Files that name the environment's old place, which `unpack` and `relocate` rewrite. */
  readonly fixups: number;
  /** Files that name a folder of this machine that did not go in: its user's home, a package store, a global prefix. */
  readonly residuals: readonly Residual[];
  readonly leftOut: readonly LeftOut[];
  readonly notices: readonly Notice[];
}

/**
 * Packs an installed environment into one archive. The output appears whole or not at all; an older
 * one of that name stays as it was until then.
 */
export async function pack(options: PackOptions = {}): Promise<PackResult> {
  const began = Date.now();
  return withPool(threadsOf(options), options.signal, async (pool) => {
    const prepared = await preparePack(options, pool);
    const { place } = prepared;
    const keys = await readKeys(options, place);
    const reuse = await openReuseFor(options, place, began);
    try {
      const sink = await openSink(options, place, { level: options.level, threads: threadsOf(options), mtime: mtimeOf(options) });
      try {
        return await writePack(options, prepared, { pool, keys, reuse, sink });
      } catch (error) {
        await sink.abort();
        throw error;
      }
    } finally {
      await reuse?.close();
    }
  });
}

interface Tools {
  readonly pool: Pool;
  readonly keys: SigningKeys;
  readonly reuse: Reuse | undefined;
  readonly sink: Sink;
}

async function writePack(options: PackOptions, { preview, entries, environment, place }: Prepared, { pool, keys, reuse, sink }: Tools): Promise<PackResult> {
  let found = splitHits([]);
  const foreign = foreignRoots(environment);
  const { signedPart, ...written } = await writeArchive(
    {
      entries,
      arcroot: options.arcroot ?? "",
      // A squashfs image is made of a plain tar, and compresses by itself.
      ...(preview.format === "squashfs" ? { format: "tar" } : { format: preview.format, level: options.level }),
      pool,
      mtime: mtimeOf(options),
      roots: [...rootsOf(options, environment), ...foreign],
      tail: (hits) => {
        found = splitHits(hits);
        return [fileOfBytes(META.fixups, encodeFixups(fixupsOf(found.own, environment.conda)))];
      },
      reuse,
      signingKey: keys.sign,
      onProgress: options.onProgress,
    },
    sink,
  );
  const output = finalPath(place, written.sha256);
  await sink.commit(output ?? undefined);
  const image = preview.format === "squashfs" && output !== null ? await digestFile(output) : null;
  reuse?.finish(written.indexSha256);
  if (keys.detached !== undefined && output !== null) await writeSignature(signatureName(output), signedPart, keys.detached, replaces(options, place));
  const files = entries.reduce((count, { type }) => count + (type === "file" ? 1 : 0), 0);
  const residuals = describeResiduals(found.foreign, entries, foreign);
  const notices = [...preview.notices, ...(reuse?.notices ?? []), ...noticeStaying(options, found.own)];
  const { sha256, archiveBytes } = image === null ? written : { sha256: image.sha256, archiveBytes: image.bytes };
  return { ...preview, ...written, sha256, archiveBytes, notices, output, files, fixups: found.own.length, residuals, reusedBytes: reuse?.bytes ?? 0 };
}

function threadsOf({ threads = availableParallelism() }: PackOptions): number {
  return threads;
}

/** The frames of a zip stand in a directory as well, and an image has none: so none are taken over. */
async function openReuseFor(options: PackOptions, place: Place, began: number): Promise<Reuse | undefined> {
  const never = place.format === "zip" || place.format === "squashfs";
  if (options.reuse === false || (never && options.reuse === undefined)) return undefined;
  if (never) throw new EnvpackError("USAGE", `a ${place.format} takes nothing from an earlier archive`, { hint: "leave --reuse away, or pack a .tar.zst" });
  return openReuse(previousOf(options, place), options.reuse !== undefined, began);
}

/** The archive whose frames may be taken over: the one that is named, else the one that is replaced. */
function previousOf({ reuse, force }: PackOptions, { path }: Place): string | null {
  if (typeof reuse === "string") return resolve(reuse);
  return force === true ? path : null;
}

interface SigningKeys {
  readonly sign?: KeyObject;
  readonly detached?: KeyObject;
}

/** Read before anything is packed: a key that cannot be used is told at once. */
async function readKeys(options: PackOptions, place: Place): Promise<SigningKeys> {
  const { sign, detachSign } = options;
  if (place.format === "squashfs" && (sign ?? detachSign) !== undefined) {
    throw new EnvpackError("USAGE", "a squashfs image bears no signature", { hint: "leave --sign and --detach-sign away, or pack a .tar.zst" });
  }
  const key = sign === undefined ? undefined : await readSigningKey(sign);
  if (detachSign === undefined) return { sign: key };
  if (place.path === null) throw new EnvpackError("USAGE", "a stream has no place for a detached signature", { hint: "name an output, or sign the archive itself" });
  await refuseExisting(signatureName(place.path), replaces(options, place));
  return { sign: key, detached: await readSigningKey(detachSign) };
}

/** What is named by its content is the same where it exists already. */
function replaces({ force = false }: PackOptions, { namedByContent }: Place): boolean {
  return force || namedByContent !== null;
}

/** Finds out what `pack` would put in and leave out, and writes nothing. */
export async function planPack(options: PackOptions = {}): Promise<PackPreview> {
  return withPool(threadsOf(options), options.signal, async (pool) => {
    const { preview, entries } = await preparePack(options, pool);
    return { ...preview, entries: entries.map(previewEntry) };
  });
}

/** Of a file all that is known yet, and not where it lies: whoever asks gets plain data. */
function previewEntry(entry: PlannedEntry): PreviewEntry {
  if (entry.type !== "file") return entry;
  const { type, path, executable, size } = entry;
  return { type, path, executable, size };
}

/** Where the engine extracts, nothing is rewritten: what names the old place goes on naming it. */
function noticeStaying({ engine }: PackOptions, hits: readonly FileHits[]): Notice[] {
  const [first] = hits;
  if (engine === undefined || first === undefined) return [];
  const files = hits.length === 1 ? "a file names" : `${hits.length} files name`;
  return [{ code: "FIXUPS_STAY", message: `${files} the old place, which nothing rewrites on YARN; --exclude what is not needed, or --dest-prefix`, path: first.path }];
}

