import { availableParallelism } from "node:os";
import type { Readable } from "node:stream";
import { resolve } from "node:path";
import { META } from "./archive/entry.js";
import { checkArchive } from "./engine/check.js";
import type { ReadResult } from "./engine/read-through.js";
import { decodeManifest } from "./manifest/decode.js";
import type { LayerRecord } from "./manifest/manifest.js";
import type { CommonOptions } from "./options.js";
import { isFolder, unsignedFolder } from "./packed.js";
import { EnvpackError } from "./errors.js";
import { fileFixups } from "./relocate/file-fixups.js";
import { decodeFixups } from "./relocate/fixup-file.js";
import { compareTree, type Difference } from "./restore/compare.js";
import { repairTree } from "./restore/repair.js";
import { readSignatureRule, type SignatureOptions } from "./signatures.js";
import { inputOf } from "./unpack.js";

export type { Difference };

export interface VerifyOptions extends CommonOptions, SignatureOptions {
  /** An archive, a stream of one, or a restored environment. */
  readonly path: string | Readable;
  /** Of a folder: the archive that it was restored from, to mend what was changed or is missing. */
  readonly repair?: string;
}

export interface VerifyResult {
  readonly kind: "archive" | "folder";
  /** Whether all is as it was packed. A damaged archive is not reported but thrown. */
  readonly ok: boolean;
  readonly entries: number;
  readonly bytes: number;
  /** Of a folder: what was changed, is missing or was added, sorted by path. */
  readonly differences: readonly Difference[];
  /** With `repair`: what was mended. */
  readonly repaired: readonly Difference[];
  /** Of a layer's archive: what it was made for. */
  readonly layer?: LayerRecord;
}

/** Checks every byte: of an archive against its own digests, of a folder against its index. */
export async function verify(options: VerifyOptions): Promise<VerifyResult> {
  const { path, repair, signal, onProgress } = options;
  const threads = options.threads ?? availableParallelism();
  if (typeof path === "string" && (await isFolder(resolve(path)))) return verifyFolder(resolve(path), { ...options, threads });
  if (repair !== undefined) {
    throw new EnvpackError("USAGE", "an archive cannot be repaired", { hint: "name the folder to repair, and its archive after --repair" });
  }
  let layer: LayerRecord | undefined;
  const checked = await checkArchive(inputOf(path), {
    threads,
    signature: await readSignatureRule(options, typeof path === "string" ? path : null),
    onManifest: (bytes) => {
      const manifest = decodeManifest(bytes);
      ({ layer } = manifest);
      return manifest.totals;
    },
    signal,
    onProgress,
  });
  refuseFixups(checked);
  return { kind: "archive", ok: true, entries: checked.index.entries.length, bytes: checked.bytes, differences: [], repaired: [], layer };
}

/** What unpacking would find wrong with the fix-up records. */
function refuseFixups({ index, fixups }: ReadResult): void {
  if (fixups === null) throw new EnvpackError("ARCHIVE_CORRUPT", "the archive has no fix-up records", { path: META.fixups });
  fileFixups(decodeFixups(fixups), index.entries);
}

async function verifyFolder(folder: string, options: VerifyOptions): Promise<VerifyResult> {
  const { repair, threads, signal, onProgress } = options;
  const signature = await readSignatureRule(options, repair ?? null);
  if (repair !== undefined) {
    const repaired = await repairTree(folder, resolve(repair), { threads, signature, signal, onProgress });
    return { kind: "folder", ok: repaired.differences.length === 0, ...repaired };
  }
  if (signature !== undefined) {
    throw unsignedFolder(folder);
  }
  const compared = await compareTree(folder, { threads, signal, onProgress });
  return { kind: "folder", ok: compared.differences.length === 0, ...compared, repaired: [] };
}
