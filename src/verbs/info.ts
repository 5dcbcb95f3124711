import { stat } from "node:fs/promises";
import { hostname } from "node:os";
import { META } from "../archive/entry.js";
import type { PackFormat } from "../archive/formats.js";
import { digestPackages } from "../inspect/fleet/digests.js";
import { readDrift } from "../inspect/fleet/drift.js";
import type { Report } from "../inspect/fleet/report.js";
import { foreignPackages } from "../native/foreign-packages.js";
import { assertRunsHere, readHost, type Host } from "../manifest/host.js";
import type { Manifest } from "../manifest/manifest.js";
import { EnvpackError } from "../support/errors.js";
import type { CommonOptions } from "../support/options.js";
import { describeEvidence, type EvidenceFact } from "../evidence/provenance/evidence.js";
import { openEnvironment, type OpenedEnvironment } from "../inspect/open-environment.js";
import { readRelocation } from "../relocate/apply.js";
import { decodeFixups } from "../manifest/fixup-file.js";
import { describeNamed, type ImageFacts } from "./image/packed-image.js";
import type { RegistryAccess } from "./image/options.js";
import type { SignatureFact, SignatureOptions } from "../inspect/signature-files.js";

export interface InfoOptions extends CommonOptions, SignatureOptions, RegistryAccess {
  /** An archive, a restored environment, an image's layout, or an image's name on a registry. */
  readonly path: string;
  /** Of a folder: reads every file too, and tells what is not as it was packed. */
  readonly verify?: boolean;
}

/** What an archive or a restored environment is; as JSON, a report that `diff` compares with others'. */
export interface Info extends Report {
  readonly format: PackFormat;
  readonly arcroot: string;
  /** Bytes of content. */
  readonly bytes: number;
  /** The archive's own bytes; null of a folder. */
  readonly archiveBytes: number | null;
  /** Of an archive: whether and by whom it is signed; null: it is not, or it is a folder. */
  readonly signature: SignatureFact | null;
  /** Of an archive: what lies beside it and tells about it. */
  readonly evidence: readonly EvidenceFact[];
  /** Files that name the place where the environment was made. */
  readonly fixups: number;
  /** Of a folder: the place that was last written into those files; null where that was not done. */
  readonly relocatedTo: string | null;
  /** Of a container image: what it is besides its environment; null of all else. */
  readonly image: ImageFacts | null;
  /** Why this machine cannot run it, in one sentence; null where nothing speaks against it. */
  readonly unfit: string | null;
}

/** Reads the manifest, the index and the fix-up records; no other content unless it is asked to verify. */
export async function info(options: InfoOptions): Promise<Info> {
  const image = await describeNamed(options.path, options);
  if (image !== null) return { ...image, unfit: unfitness(image.manifest, await readHost()) };
  const packed = await openEnvironment(options.path, options);
  try {
    return await describe(packed, options);
  } finally {
    await packed.close();
  }
}

/** The same of what is open already. */
export async function describe(
  packed: OpenedEnvironment,
  { verify, threads, signal, onProgress }: Omit<InfoOptions, "path">,
): Promise<Info> {
  const { kind, manifest, index } = packed;
  const host = await readHost();
  return {
    kind,
    path: packed.path,
    manifest,
    format: packed.archive?.stub ? "sh" : index.format,
    arcroot: index.arcroot,
    entries: index.entries.length,
    bytes: index.totals.bytes,
    archiveBytes: kind === "archive" ? (await stat(packed.path)).size : null,
    signature: packed.signature,
    evidence: packed.archive === null ? [] : describeEvidence(packed.path, packed.keys, packed.archive.indexSha256),
    image: null,
    fixups: decodeFixups(await packed.readMeta(META.fixups)).length,
    relocatedTo: await relocatedTo(packed),
    unfit: unfitness(manifest, host),
    digests: digestPackages(index.entries, manifest.packages),
    host: kind === "archive" ? null : { name: hostname(), node: process.versions.node, ...host },
    differences: kind === "folder" && verify === true ? await readDrift(packed.path, { threads, signal, onProgress }) : null,
  };
}

async function relocatedTo(packed: OpenedEnvironment): Promise<string | null> {
  return packed.kind === "archive" ? null : ((await readRelocation(packed.path))?.root ?? null);
}

function unfitness(manifest: Manifest, host: Host): string | null {
  try {
    assertRunsHere(manifest, host);
    return foreignPackages(manifest, host);
  } catch (error) {
    if (error instanceof EnvpackError && error.code === "PLATFORM_MISMATCH") return error.message;
    throw error;
  }
}
