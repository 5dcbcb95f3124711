import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { META } from "../archive/entry.js";
import type { ArchiveIndex } from "../archive/index/index-file.js";
import { readOwnFile, readOwnIndex, readOwnIndexBytes } from "../archive/meta-file.js";
import { notRestored } from "../archive/not-restored.js";
import type { ArchiveFile } from "../archive/read.js";
import type { SignatureRule } from "../archive/signing/rule.js";
import { openArchiveFile } from "../engine/read/open-archive-file.js";
import { EnvpackError, explainError } from "../support/errors.js";
import { MAX_FIXUPS } from "../support/limits.js";
import { decodeManifest } from "../manifest/decode.js";
import type { Manifest } from "../manifest/manifest.js";
import type { CommonOptions } from "../support/options.js";
import { describeSignature, readSignatureRule, type SignatureFact, type SignatureOptions } from "./signature-files.js";

/** An archive or a restored environment: both carry the same manifest and index. */
export interface OpenedEnvironment {
  readonly kind: "archive" | "folder";
  /** Absolute. */
  readonly path: string;
  readonly index: ArchiveIndex;
  /** Null of a folder. */
  readonly archive: ArchiveFile | null;
  readonly manifest: Manifest;
  /** The content of one of envpack's own files, by its arcpath; the index, which lists all but itself, apart. */
  readMeta(arcpath: string): Promise<Uint8Array>;
  readIndex(): Promise<Uint8Array>;
  /** Of an archive: whether and by whom it is signed; null: it is not, or it is a folder. */
  readonly signature: SignatureFact | null;
  /** The keys that were named to check it by. */
  readonly keys: SignatureRule["keys"];
  close(): Promise<void>;
}

export type OpenPackedOptions = SignatureOptions & Pick<CommonOptions, "signal">;

/** Opens what `path` names and reads its manifest and index; the caller closes it. */
export async function openEnvironment(path: string, options: OpenPackedOptions = {}): Promise<OpenedEnvironment> {
  if (options.signal?.aborted) throw new EnvpackError("INTERRUPTED", "interrupted");
  const absolute = resolve(path);
  const signature = await readSignatureRule(options, absolute);
  if (!(await isFolder(absolute))) return openFile(absolute, signature);
  if (signature !== undefined) throw unsignedFolder(absolute);
  return openFolder(absolute);
}

/** Where a signature is asked for, a folder cannot answer. */
export function unsignedFolder(path: string): EnvpackError {
  return new EnvpackError("SIGNATURE_INVALID", "a folder bears no signature", {
    path,
    hint: "verify the archive that it was restored from",
  });
}

/** Whether `path` is a folder; throws where it is not there or out of reach. */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw explainError(error, "cannot read", path);
  }
}

async function openFolder(path: string): Promise<OpenedEnvironment> {
  const readMeta = (arcpath: string): Promise<Uint8Array> => readRecord(path, arcpath);
  const manifest = decodeManifest(await readMeta(META.manifest));
  const own = await readIndexOf(path, manifest);
  const readIndex = (): Promise<Uint8Array> => readOwnIndexBytes(path, own.sha256);
  return {
    kind: "folder",
    path,
    archive: null,
    index: own.index,
    manifest,
    readMeta,
    signature: null,
    keys: [],
    readIndex,
    close: () => Promise.resolve(),
  };
}

async function readRecord(folder: string, arcpath: string): Promise<Uint8Array> {
  const content = await readOwnFile(folder, arcpath).catch((error: unknown) => {
    throw explainError(error, "cannot read", join(folder, arcpath));
  });
  if (content !== null) return content;
  throw notRestored(folder, arcpath);
}

async function readIndexOf(folder: string, { totals }: Manifest): Promise<{ readonly index: ArchiveIndex; readonly sha256: string }> {
  const own = await readOwnIndex(folder, totals).catch((error: unknown) => {
    throw explainError(error, "cannot read", join(folder, META.index));
  });
  if (own !== null) return own;
  throw notRestored(folder, META.index);
}

async function openFile(path: string, signature: SignatureRule | undefined): Promise<OpenedEnvironment> {
  const archive = await openArchiveFile(path, { signature });
  const readMeta = (arcpath: string): Promise<Uint8Array> => archive.readFile(arcpath, MAX_FIXUPS);
  const readIndex = async (): Promise<Uint8Array> => {
    const pieces: Buffer[] = [];
    for await (const piece of archive.readIndex()) pieces.push(Buffer.from(piece));
    return Buffer.concat(pieces);
  };
  const manifest = decodeManifest(archive.start.manifest);
  return {
    kind: "archive",
    path,
    archive,
    index: archive.index,
    manifest,
    readMeta,
    readIndex,
    signature: await describeSignature(archive.footer, signature, path),
    keys: signature?.keys ?? [],
    close: () => archive.close(),
  };
}
