import { availableParallelism } from "node:os";
import type { Readable } from "node:stream";
import { resolve } from "node:path";
import { checkArchive } from "./engine/check.js";
import { decodeManifest } from "./manifest/decode.js";
import type { CommonOptions } from "./options.js";
import { isFolder } from "./packed.js";
import { compareTree, type Difference } from "./restore/compare.js";
import { inputOf } from "./unpack.js";

export type { Difference };

export interface VerifyOptions extends CommonOptions {
  /** An archive, a stream of one, or a restored environment. */
  readonly path: string | Readable;
}

export interface VerifyResult {
  readonly kind: "archive" | "folder";
  /** Whether all is as it was packed. A damaged archive is not reported but thrown. */
  readonly ok: boolean;
  readonly entries: number;
  readonly bytes: number;
  /** Of a folder: what was changed, is missing or was added, sorted by path. */
  readonly differences: readonly Difference[];
}

/** Checks every byte: of an archive against its own digests, of a folder against its index. */
export async function verify(options: VerifyOptions): Promise<VerifyResult> {
  const { path, signal, onProgress } = options;
  const threads = options.threads ?? availableParallelism();
  if (typeof path === "string" && (await isFolder(resolve(path)))) {
    const compared = await compareTree(resolve(path), { threads, signal, onProgress });
    return { kind: "folder", ok: compared.differences.length === 0, ...compared };
  }
  const checked = await checkArchive(inputOf(path), {
    threads,
    onManifest: (bytes) => decodeManifest(bytes).totals,
    signal,
    onProgress,
  });
  return { kind: "archive", ok: true, entries: checked.index.entries.length, bytes: checked.bytes, differences: [] };
}
