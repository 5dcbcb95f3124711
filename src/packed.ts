import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { META } from "./archive/entry.js";
import { decodeIndex, type ArchiveIndex } from "./archive/index-file.js";
import { readOwnFile } from "./archive/own-file.js";
import { openArchive } from "./archive/read.js";
import type { SignatureRule } from "./archive/signing/rule.js";
import { EnvpackError, explainError } from "./errors.js";
import { decodeManifest } from "./manifest/decode.js";
import type { Manifest } from "./manifest/manifest.js";
import type { CommonOptions } from "./options.js";
import { readSignatureRule, type SignatureOptions } from "./signatures.js";

/** An archive or a restored environment: both carry the same manifest and index. */
export interface Packed {
  readonly kind: "archive" | "folder";
  /** Absolute. */
  readonly path: string;
  readonly index: ArchiveIndex;
  readonly manifest: Manifest;
  /** The content of one of envpack's own files, by its arcpath; the index, which lists all but itself, apart. */
  readMeta(arcpath: string): Promise<Uint8Array>;
  readIndex(): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Bytes of one of envpack's own files. */
const META_LIMIT = 64 << 20;

export type OpenPackedOptions = SignatureOptions & Pick<CommonOptions, "signal">;

/** Opens what `path` names and reads its manifest and index; the caller closes it. */
export async function openPacked(path: string, options: OpenPackedOptions = {}): Promise<Packed> {
  if (options.signal?.aborted) throw new EnvpackError("INTERRUPTED", "interrupted");
  const absolute = resolve(path);
  const signature = await readSignatureRule(options, absolute);
  if (!(await isFolder(absolute))) return openFile(absolute, signature);
  if (signature !== undefined) throw unsignedFolder(absolute);
  return openFolder(absolute);
}

/** Where a signature is asked for, a folder cannot answer. */
export function unsignedFolder(path: string): EnvpackError {
  return new EnvpackError("SIGNATURE_INVALID", "a folder bears no signature", { path, hint: "verify the archive that it was restored from" });
}

/** Whether `path` is a folder; throws where it is not there or out of reach. */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw explainError(error, "cannot read", path);
  }
}

async function openFolder(path: string): Promise<Packed> {
  const readMeta = (arcpath: string): Promise<Uint8Array> => readRecord(path, arcpath);
  const indexBytes = await readMeta(META.index);
  const manifest = decodeManifest(await readMeta(META.manifest));
  const index = decodeIndex(indexBytes, manifest.totals);
  return { kind: "folder", path, index, manifest, readMeta, readIndex: () => Promise.resolve(indexBytes), close: () => Promise.resolve() };
}

async function readRecord(folder: string, arcpath: string): Promise<Uint8Array> {
  let content: Uint8Array | null;
  try {
    content = await readOwnFile(folder, arcpath);
  } catch (error) {
    throw explainError(error, "cannot read", join(folder, arcpath));
  }
  if (content !== null) return content;
  throw new EnvpackError("NOT_AN_ENVIRONMENT", `not an environment that envpack restored: it has no ${arcpath}`, {
    path: folder,
    hint: "name an archive, or the folder that one was restored to",
  });
}

async function openFile(path: string, signature: SignatureRule | undefined): Promise<Packed> {
  const archive = await openArchive(path, { signature, onManifest: (bytes) => decodeManifest(bytes).totals });
  const readMeta = (arcpath: string): Promise<Uint8Array> => archive.readFile(arcpath, META_LIMIT);
  const readIndex = async (): Promise<Uint8Array> => {
    const pieces: Buffer[] = [];
    for await (const piece of archive.readIndex()) pieces.push(piece);
    return Buffer.concat(pieces);
  };
  const manifest = decodeManifest(archive.start.manifest);
  return { kind: "archive", path, index: archive.index, manifest, readMeta, readIndex, close: () => archive.close() };
}
