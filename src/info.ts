import { stat } from "node:fs/promises";
import { hostname } from "node:os";
import { META } from "./archive/entry.js";
import type { ArchiveFormat } from "./archive/format.js";
import { digestPackages } from "./fleet/digests.js";
import { readDrift } from "./fleet/drift.js";
import type { Report } from "./fleet/report.js";
import { assertRunsHere, readHost, type Host } from "./manifest/host.js";
import type { Manifest } from "./manifest/manifest.js";
import { EnvpackError } from "./errors.js";
import type { CommonOptions } from "./options.js";
import { openPacked, type Packed } from "./packed.js";
import { readRelocation } from "./relocate/apply.js";
import { decodeFixups } from "./relocate/fixup-file.js";
import type { SignatureOptions } from "./signatures.js";

export interface InfoOptions extends CommonOptions, SignatureOptions {
  /** An archive, or a restored environment. */
  readonly path: string;
  /** Of a folder: reads every file too, and tells what is not as it was packed. */
  readonly verify?: boolean;
}

/** What an archive or a restored environment is; as JSON, a report that `diff` compares with others'. */
export interface Info extends Report {
  readonly format: ArchiveFormat;
  readonly arcroot: string;
  /** Bytes of content. */
  readonly bytes: number;
  /** The archive's own bytes; null of a folder. */
  readonly archiveBytes: number | null;
  /** Files that name the place where the environment was made. */
  readonly fixups: number;
  /** Of a folder: the place that was last written into those files; null where that was not done. */
  readonly relocatedTo: string | null;
  /** Why this machine cannot run it, in one sentence; null where nothing speaks against it. */
  readonly unfit: string | null;
}

/** Reads the manifest, the index and the fix-up records; no other content unless it is asked to verify. */
export async function info(options: InfoOptions): Promise<Info> {
  const packed = await openPacked(options.path, options);
  try {
    return await describe(packed, options);
  } finally {
    await packed.close();
  }
}

/** The same of what is open already. */
export async function describe(packed: Packed, { verify, threads, signal, onProgress }: Omit<InfoOptions, "path">): Promise<Info> {
  const { kind, manifest, index } = packed;
  const host = await readHost();
  return {
    kind,
    path: packed.path,
    manifest,
    format: index.format,
    arcroot: index.arcroot,
    entries: index.entries.length,
    bytes: index.totals.bytes,
    archiveBytes: kind === "archive" ? (await stat(packed.path)).size : null,
    fixups: decodeFixups(await packed.readMeta(META.fixups)).length,
    relocatedTo: await relocatedTo(packed),
    unfit: unfitness(manifest, host),
    digests: digestPackages(index.entries, manifest.packages),
    host: kind === "archive" ? null : { name: hostname(), node: process.versions.node, ...host },
    differences: kind === "folder" && verify === true ? await readDrift(packed.path, { threads, signal, onProgress }) : null,
  };
}

async function relocatedTo(packed: Packed): Promise<string | null> {
  return packed.kind === "archive" ? null : ((await readRelocation(packed.path))?.root ?? null);
}

function unfitness(manifest: Manifest, host: Host): string | null {
  try {
    assertRunsHere(manifest, host);
    return null;
  } catch (error) {
    if (error instanceof EnvpackError && error.code === "PLATFORM_MISMATCH") return error.message;
    throw error;
  }
}
