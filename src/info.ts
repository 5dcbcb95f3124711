import { stat } from "node:fs/promises";
import { META } from "./archive/entry.js";
import type { ArchiveFormat } from "./archive/format.js";
import { assertRunsHere, readHost } from "./manifest/host.js";
import type { Manifest } from "./manifest/manifest.js";
import { EnvpackError } from "./errors.js";
import type { CommonOptions } from "./options.js";
import { openPacked, type Packed } from "./packed.js";
import { readRelocation } from "./relocate/apply.js";
import { decodeFixups } from "./relocate/fixup-file.js";

export interface InfoOptions extends CommonOptions {
  /** An archive, or a restored environment. */
  readonly path: string;
}

/** What an archive or a restored environment is. */
export interface Info {
  readonly kind: "archive" | "folder";
  /** Absolute. */
  readonly path: string;
  readonly manifest: Manifest;
  readonly format: ArchiveFormat;
  readonly arcroot: string;
  readonly entries: number;
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

/** Reads the manifest, the index and the fix-up records; no other content. */
export async function info({ path, signal }: InfoOptions): Promise<Info> {
  const packed = await openPacked(path, signal);
  try {
    const { kind, manifest, index } = packed;
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
      unfit: await unfitness(manifest),
    };
  } finally {
    await packed.close();
  }
}

async function relocatedTo(packed: Packed): Promise<string | null> {
  return packed.kind === "archive" ? null : ((await readRelocation(packed.path))?.root ?? null);
}

async function unfitness(manifest: Manifest): Promise<string | null> {
  try {
    assertRunsHere(manifest, await readHost());
    return null;
  } catch (error) {
    if (error instanceof EnvpackError && error.code === "PLATFORM_MISMATCH") return error.message;
    throw error;
  }
}
