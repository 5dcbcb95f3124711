import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import type { ByteSource } from "../byte-source.js";
import type { EnvpackError } from "../../support/errors.js";
import { damaged } from "../codec/codec.js";
import { beginsStub, decodeStubHeader, foreignScript, STUB_HEADER_BYTES, STUB_START, type StubFields } from "./header.js";

/** The scripts that follow the header's lines, version 1 first: none is ever taken away. A test compares the last with what is written. */
const SCRIPTS: readonly { readonly bytes: number; readonly sha256: string }[] = [
  { bytes: 10248, sha256: "c8d03020fd34d91c52a4cb2d99837cba3b76ecb005356d7d2a7f225cecb1b71a" },
  { bytes: 10391, sha256: "f2d88d039bf70ad38e61d8ba87b61622407b6f05865c5593c2f96bbf3bda45b7" },
];

/** The most bytes that stand in front of an archive. */
export const STUB_MAX = STUB_HEADER_BYTES + Math.max(...SCRIPTS.map(({ bytes }) => bytes));

/**
 * What stands in front of an archive, which must be to the last byte what envpack would write there.
 *
 * @param start the file's first `STUB_MAX` bytes, or all
 * @returns null where nothing does
 * @throws EnvpackError ARCHIVE_UNSAFE, ARCHIVE_CORRUPT, ARCHIVE_TOO_NEW
 */
export function readStub(start: Buffer): StubFields | null {
  if (!beginsStub(start)) return null;
  const fields = decodeStubHeader(start);
  const script = SCRIPTS[fields.version - 1];
  if (script === undefined || STUB_HEADER_BYTES + script.bytes !== fields.base) throw foreignScript();
  if (start.length < fields.base) throw damaged("the script in front of it is cut off");
  const found = createHash("sha256").update(start.subarray(STUB_HEADER_BYTES, fields.base)).digest("hex");
  if (found !== script.sha256) throw foreignScript();
  return fields;
}

/** Whether a file is a self-extracting one, by its first lines. */
export async function isSelfExtracting(path: string): Promise<boolean> {
  const handle = await open(path).catch(() => null);
  try {
    const start = Buffer.alloc(STUB_START);
    return handle !== null && beginsStub(start.subarray(0, (await handle.read(start, 0, STUB_START, 0)).bytesRead));
  } catch {
    return false;
  } finally {
    await handle?.close();
  }
}

/** An archive in its file, and the script in front of it. */
export interface Placed {
  readonly source: ByteSource;
  /** null where the file is the archive. */
  readonly stub: StubFields | null;
}

/**
 * Finds the archive in a file.
 *
 * @throws EnvpackError ARCHIVE_UNSAFE, ARCHIVE_CORRUPT, ARCHIVE_TOO_NEW
 */
export async function skipStub(file: ByteSource): Promise<Placed> {
  const begin = await file.read(0, Math.min(STUB_START, file.size));
  if (!beginsStub(begin)) return { source: file, stub: null };
  const stub = readStub(await file.read(0, Math.min(STUB_MAX, file.size)));
  if (stub === null) return { source: file, stub };
  if (file.size !== stub.base + stub.size) throw damaged("it has not the length that the script in front of it names");
  return { source: file.behind(stub.base), stub };
}

const CHUNK = 1 << 20;

/** @throws EnvpackError ARCHIVE_CORRUPT where the script names another digest than the archive has, so that it would refuse it */
export async function checkStubDigest(archive: ByteSource, { sha256 }: StubFields): Promise<void> {
  const hash = createHash("sha256");
  for (let at = 0; at < archive.size; at += CHUNK) hash.update(await archive.read(at, Math.min(CHUNK, archive.size - at)));
  if (hash.digest("hex") !== sha256) throw otherDigest();
}

/** The chunks of an archive as they come, which must have the length and the digest that the script before them names. */
export async function* checkChunks(chunks: AsyncIterable<Buffer>, { sha256, size }: StubFields): AsyncGenerator<Buffer> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of chunks) {
    hash.update(chunk);
    bytes += chunk.length;
    yield chunk;
  }
  if (bytes !== size || hash.digest("hex") !== sha256) throw otherDigest();
}

function otherDigest(): EnvpackError {
  return damaged("the script in front of it names another digest");
}

/**
 * Makes sure that an archive is one that the script in front of it can restore.
 *
 * @param archive its codec, and its root folder
 * @throws EnvpackError ARCHIVE_CORRUPT
 */
export function checkBehindStub(stub: StubFields | null, { codec, arcroot }: { readonly codec: string; readonly arcroot: string }): void {
  if (stub !== null && (codec !== "gzip" || arcroot !== ""))
    throw damaged("what the script in front of it restores is a .tar.gz without a root folder");
}

/**
 * Compares what a script says of an environment with what the manifest says.
 *
 * @throws EnvpackError ARCHIVE_CORRUPT
 */
export function checkStubName(stub: StubFields, expected: Pick<StubFields, "name" | "platform">): void {
  if (stub.name === expected.name && stub.platform === expected.platform) return;
  throw damaged("the script in front of it names another environment, or another platform, than its manifest");
}
