import { lstat, readFile, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Writable } from "node:stream";
import { digestEntries } from "../archive/digest-entries.js";
import { fileOfBytes, META, type FileEntry, type PlannedEntry, type PlannedFile } from "../archive/entry.js";
import { isTar, type TarFormat } from "../archive/formats.js";
import { extractArchive } from "../engine/read/extract.js";
import { openOutput, OUTPUT_PREFIX, writableSink, type Sink } from "../engine/sinks/output.js";
import { withPool } from "../engine/threads/pool.js";
import { writeArchive } from "../engine/write/write.js";
import type { WriteResult } from "../engine/write/write-result.js";
import { chooseThreads } from "../engine/threads.js";
import { EnvpackError, explainError } from "../support/errors.js";
import { workName } from "../support/leftovers.js";
import { LAYER, makePatches, type Records } from "../restore/layer/records.js";
import { selectContent } from "../restore/layer/select.js";
import { encodeManifest } from "../manifest/encode.js";
import type { LayerRecord, Manifest } from "../manifest/manifest.js";
import { chooseFormat } from "./choose-format.js";
import type { CommonOptions } from "../support/options.js";
import { openEnvironment, type OpenedEnvironment } from "../inspect/open-environment.js";
import type { Fixup } from "../manifest/fixup.js";
import { findOriginal } from "../relocate/original.js";
import { readRecords } from "../inspect/verify/compare.js";
import { compareEntry, type Tree } from "../inspect/verify/compare-entry.js";
import { removeTree } from "../support/remove-tree.js";
import { readSigner } from "../inspect/signature-files.js";
import { VERSION } from "../support/version.js";
import { sha256Of } from "../support/digest.js";

export interface LayerOptions extends CommonOptions {
  /** An archive or a restored environment: what is there already. */
  readonly base: string;
  /** An archive or a restored environment: what is to be made of it. */
  readonly next: string;
  /** A file, or a stream. */
  readonly output: string | Writable;
  /** By default what the output's name ends in, else "tar.zst". */
  readonly format?: TarFormat;
  readonly level?: number;
  /** The file of a private Ed25519 key to sign the layer with. */
  readonly sign?: string;
  /** Replaces an existing output. */
  readonly force?: boolean;
}

export interface LayerResult {
  /** Absolute; null of a stream. */
  readonly output: string | null;
  readonly layer: LayerRecord;
  /** Of the files that come with the layer, and of all of the new environment. */
  readonly bytes: number;
  readonly totalBytes: number;
  readonly archiveBytes: number;
  /** Of the layer, in hex. */
  readonly sha256: string;
}

/**
 * Writes what is new in one environment beside another: files that the base has nowhere, and the new
 * records as patches of the base's. The same two environments give the same bytes, be they archives or folders.
 *
 * @throws EnvpackError LAYER_BASE where one of them is a layer itself, VERIFY_DIFFERS where `next` is a
 *   folder in which a file that has to be sent is not as it was packed, OUTPUT_EXISTS …
 */
export async function layer(options: LayerOptions): Promise<LayerResult> {
  const format = formatFor(options);
  const base = await openWhole(options.base, options.signal);
  try {
    const next = await openWhole(options.next, options.signal);
    try {
      return await writeLayer(base, next, format, options);
    } finally {
      await next.close();
    }
  } finally {
    await base.close();
  }
}

function formatFor({ format, output }: LayerOptions): TarFormat {
  return chooseFormat({ format, file: typeof output === "string" ? output : null, takes: isTar, otherwise: "tar.zst" });
}

async function openWhole(path: string, signal: AbortSignal | undefined): Promise<OpenedEnvironment> {
  const packed = await openEnvironment(path, { signal });
  if (packed.manifest.layer === undefined) return packed;
  await packed.close();
  throw new EnvpackError("LAYER_BASE", "this is a layer itself, and no whole environment", {
    path,
    hint: "name archives or unpacked environments",
  });
}

async function writeLayer(
  base: OpenedEnvironment,
  next: OpenedEnvironment,
  format: TarFormat,
  options: LayerOptions,
): Promise<LayerResult> {
  const content = selectContent(base.index.entries, next.index.entries);
  const files = content.entries.filter((entry): entry is FileEntry => entry.type === "file");
  const index = await next.readIndex();
  const patches = await readPatches(base, next, index);
  const layer: LayerRecord = {
    base: { name: base.manifest.name, version: base.manifest.version, digest: digestEntries(base.index.entries) },
    digest: digestEntries(next.index.entries),
    index: sha256Of(index),
    files: files.length,
    removed: content.removed,
  };
  const output = typeof options.output === "string" ? resolve(options.output) : null;
  const sink = output === null ? writableSink(options.output as Writable) : await openOutput(output, { force: options.force ?? false });
  let scratch: string | null = null;
  try {
    scratch = join(output === null ? tmpdir() : dirname(output), await workName(OUTPUT_PREFIX));
    await mkdir(scratch, { mode: 0o700 });
    const sources = await readContent(next, files, scratch, options);
    const entries = content.entries.map((entry) => (entry.type === "file" ? (sources.get(entry.path) ?? refuseMissing(entry)) : entry));
    const written = await writeEntries(
      [{ type: "directory", path: LAYER.folder }, ...patches, ...entries],
      { next, layer, format, sink },
      options,
    );
    await sink.commit();
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    return { output, layer, bytes, totalBytes: next.index.totals.bytes, archiveBytes: written.archiveBytes, sha256: written.sha256 };
  } catch (error) {
    await sink.abort();
    throw explainError(error, "cannot write the layer", output ?? undefined);
  } finally {
    if (scratch !== null) await removeTree(scratch);
  }
}

function refuseMissing({ path }: FileEntry): never {
  throw new Error(`no content was read for ${path}`);
}

interface Making {
  readonly next: OpenedEnvironment;
  readonly layer: LayerRecord;
  readonly format: TarFormat;
  readonly sink: Sink;
}

/** @param entries all but envpack's own, in archive order */
async function writeEntries(
  entries: readonly PlannedEntry[],
  { next, layer, format, sink }: Making,
  options: LayerOptions,
): Promise<WriteResult> {
  const manifest = fileOfBytes(META.manifest, encodeManifest(layerManifest(next.manifest, layer, entries)));
  const signer = options.sign === undefined ? undefined : await readSigner(options.sign);
  return withPool(chooseThreads(options.threads), options.signal, (pool) =>
    writeArchive(
      {
        entries: [{ type: "directory", path: META.folder }, manifest, ...entries],
        arcroot: "",
        format,
        level: options.level,
        pool,
        mtime: next.index.mtime,
        times: next.index.times,
        roots: [],
        tail: () => [fileOfBytes(META.fixups, new Uint8Array())],
        signer,
        onProgress: options.onProgress,
      },
      sink,
    ),
  );
}

async function readPatches(base: OpenedEnvironment, next: OpenedEnvironment, index: Uint8Array): Promise<PlannedFile[]> {
  const recordsOf = async (packed: OpenedEnvironment): Promise<Records> => ({
    manifest: await packed.readMeta(META.manifest),
    fixups: await packed.readMeta(META.fixups),
  });
  const patches = makePatches({ ...(await recordsOf(base)), entries: base.index.entries }, { ...(await recordsOf(next)), index });
  return [...patches].map(([path, bytes]) => fileOfBytes(path, bytes));
}

/** What the environment is, without its packages: those are in the patch of its own manifest. */
function layerManifest(manifest: Manifest, layer: LayerRecord, entries: readonly PlannedEntry[]): Manifest {
  const bytes = entries.reduce((sum, entry) => sum + (entry.type === "file" ? entry.size : 0), 0);
  return {
    ...manifest,
    createdBy: `envpack ${VERSION}`,
    packages: [],
    bins: [],
    includedSecrets: [],
    totals: { entries: entries.length, bytes },
    layer,
  };
}

/** Where the content of files is to be read, by arcpath: each is known to be what the index says. */
async function readContent(
  next: OpenedEnvironment,
  files: readonly FileEntry[],
  scratch: string,
  options: LayerOptions,
): Promise<Map<string, PlannedFile>> {
  if (next.kind === "folder") return readFolder(next, files, options.signal);
  const wanted = new Set(files.map(({ path }) => path));
  if (wanted.size > 0) {
    await extractArchive({ kind: "file", path: next.path }, scratch, {
      threads: chooseThreads(options.threads),
      only: (path) => wanted.has(path),
      signal: options.signal,
    });
  }
  const found = new Map<string, PlannedFile>();
  for (const entry of files) found.set(entry.path, await diskFile(entry, join(scratch, entry.path)));
  return found;
}

async function readFolder(
  next: OpenedEnvironment,
  files: readonly FileEntry[],
  signal: AbortSignal | undefined,
): Promise<Map<string, PlannedFile>> {
  const tree: Tree = { folder: next.path, ...(await readRecords(next.path)) };
  const found = new Map<string, PlannedFile>();
  for (const entry of files) {
    if (signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted");
    const path = join(next.path, entry.path);
    const fixup = relocatedBy(entry, tree);
    const planned = await (fixup === undefined ? diskFile(entry, path) : originalFile(entry, path, fixup, tree)).catch(() => null);
    if (planned === null || (await compareEntry(entry, tree)) !== null) {
      throw new EnvpackError("VERIFY_DIFFERS", "a file of the new environment is not as it was packed", {
        path,
        hint: "name the archive that it was restored from, or mend it with `envpack verify --repair`",
      });
    }
    found.set(entry.path, planned);
  }
  return found;
}

function relocatedBy({ path }: FileEntry, { relocation, fixups }: Tree): Fixup | undefined {
  return relocation?.files.has(path) === true ? fixups.get(path) : undefined;
}

/** A file that was relocated goes into the layer as it was in the archive. */
async function originalFile(entry: FileEntry, path: string, fixup: Fixup, tree: Tree): Promise<PlannedFile | null> {
  const content = await readFile(path).catch(() => Buffer.alloc(0));
  const original = findOriginal(content, fixup, tree.relocation, entry.sha256);
  return original === null ? null : fileOfBytes(entry.path, original, entry.executable);
}

/** The file's identity is taken before its content is looked at: writing the layer finds it changed if it is. */
async function diskFile({ path, executable, size }: FileEntry, file: string): Promise<PlannedFile> {
  const { dev, ino, size: found, mtimeMs, ctimeMs } = await lstat(file);
  return { type: "file", path, executable, size, source: { kind: "disk", file, identity: { dev, ino, size: found, mtimeMs, ctimeMs } } };
}
