import { pipeline, Readable } from "node:stream";
import { createInflateRaw, crc32, inflateRawSync } from "node:zlib";
import { EnvpackError } from "../../support/errors.js";
import { MAX_MANIFEST } from "../../support/limits.js";
import { zip } from "./codec.js";
import { damaged } from "../codec/codec.js";
import { META } from "../entry.js";
import { shapeOf, type TarShape } from "../tar/entry-header.js";
import { chainCrc32, type Footer } from "../footer.js";
import { decodeHeader } from "../tar/header.js";
import { behindIndex, headerOfIndex } from "../index/index-header.js";
import type { IndexSink } from "../index/index-reader.js";
import { MAX_PATH_BYTES } from "../path-rules.js";
import type { ByteSource } from "../byte-source.js";
import { withTimes, type ArchiveStart } from "../preamble.js";
import { findZipFooter, ZIP_END_MAX } from "./end.js";
import { decodeLocal, descriptorBytes, encodeDescriptor, encodeLocal, type ZipEntry } from "./headers.js";
import { zipIndexEntry } from "./index-entry.js";

/** Most bytes of a local header: a root folder and a path, each as long as it may be. */
const HEADER_MAX = 64 + 2 * MAX_PATH_BYTES + 1;
const CHUNK = 256 << 10;

export async function readZipFooter(source: ByteSource): Promise<{ readonly footer: Footer; readonly endBytes: number }> {
  const { size } = source;
  const tail = Math.min(size, ZIP_END_MAX);
  const found = findZipFooter(await source.read(size - tail, tail));
  const { indexAt, indexSize } = found.footer;
  if (indexAt + indexSize + found.endBytes > size) throw damaged("its end is not where its footer says");
  return found;
}

/** The folder and the manifest that an archive begins with: where frames end is not known yet. */
export async function readZipStart(source: ByteSource, { indexAt }: Footer): Promise<ArchiveStart> {
  const folder = await readEntry(source, 0, indexAt);
  const header = decodeHeader(zip.decode(folder.bytes).plain, 0)?.header;
  if (header === undefined) throw damaged("its manifest is missing");
  const shape = shapeOf(header);
  const { entry, bytes, start } = await readEntry(source, folder.bytes.length, indexAt);
  const own = shape.arcroot === "" ? META.manifest : `${shape.arcroot}/${META.manifest}`;
  if (entry.name !== own || entry.kind !== "f") {
    throw new EnvpackError("NOT_AN_ARCHIVE", "not an archive that envpack made: its first file is not its manifest", { path: entry.name });
  }
  try {
    const body = bytes.subarray(start);
    const manifest = entry.method === 0 ? body : inflateRawSync(body, { maxOutputLength: Math.max(1, entry.size) });
    return { shape: withTimes(shape, manifest, entry.mtime), manifest };
  } catch (error) {
    throw error instanceof EnvpackError ? error : damaged("its manifest cannot be inflated", error, META.manifest);
  }
}

/** A local header with the content behind it; of an open entry, so many bytes that its content is among them. */
async function readEntry(
  source: ByteSource,
  at: number,
  indexAt: number,
): Promise<{ readonly entry: ZipEntry; readonly start: number; readonly bytes: Buffer }> {
  const { entry, length } = decodeLocal(await source.read(at, Math.min(HEADER_MAX, indexAt - at)), 0);
  if (entry.size > MAX_MANIFEST) throw new EnvpackError("ARCHIVE_LIMIT", "the archive's manifest is too long", { path: entry.name });
  const most = entry.open ? entry.size + (entry.size >>> 6) + CHUNK : entry.packed;
  const size = length + most;
  if (!entry.open && at + size > indexAt) throw damaged("it is cut off", undefined, entry.name);
  return { entry, start: length, bytes: await source.read(at, Math.min(size, indexAt - at)) };
}

/**
 * Reads the index through `reader` and gives the index file's bytes: its entry is the one encoding of
 * what it holds.
 *
 * @param onEntry is told the index's own entry at the end
 */
export async function* readZipIndex(
  source: ByteSource,
  footer: Footer,
  shape: TarShape,
  reader: IndexSink,
  onEntry?: (entry: ZipEntry) => void,
): AsyncGenerator<Buffer> {
  const { indexAt, indexSize, indexBytes, indexSha256 } = footer;
  const { length } = decodeLocal(await source.read(indexAt, Math.min(HEADER_MAX, indexSize)), 0);
  const packed = indexSize - length - descriptorBytes(indexBytes);
  const header = headerOfIndex(indexBytes, indexSha256, shape);
  yield reader.push(header);
  let crc = 0;
  for await (const content of inflateRange(source, indexAt + length, packed)) {
    crc = crc32(content, crc);
    yield reader.push(content);
  }
  yield reader.push(Buffer.alloc(behindIndex(indexBytes)));
  const entry = zipIndexEntry({ size: indexBytes, crc32: crc, packed }, indexSha256, shape);
  await checkIndexEntry(source, footer, entry);
  if (header.length + indexBytes + behindIndex(indexBytes) !== footer.indexTar)
    throw damaged("its index is not the one that its footer names");
  onEntry?.(entry);
}

/** What stands around the content of the index, and the checksum of all of it. */
async function checkIndexEntry(source: ByteSource, { indexAt, indexSize, indexCrc32 }: Footer, entry: ZipEntry): Promise<void> {
  const local = encodeLocal(entry);
  const descriptor = encodeDescriptor(entry);
  let crc = 0;
  let last = Buffer.alloc(0);
  if (!(await source.read(indexAt, Math.min(local.length, indexSize))).equals(local)) throw damaged("its index is not where it should be");
  for await (const bytes of readRange(source, indexAt, indexAt + indexSize)) {
    crc = crc32(bytes, crc);
    last = Buffer.concat([last.subarray(-descriptor.length), bytes]);
  }
  if (!last.subarray(-descriptor.length).equals(descriptor) || chainCrc32(0, crc) !== indexCrc32) {
    throw damaged("its index is not the one that its footer names");
  }
}

/** Inflates what stands in a range, which must be one whole deflate stream; holds no more than a few chunks. */
async function* inflateRange(source: ByteSource, from: number, length: number): AsyncGenerator<Buffer> {
  const inflater = createInflateRaw();
  pipeline(Readable.from(readRange(source, from, from + length)), inflater, () => undefined);
  try {
    for await (const chunk of inflater) yield chunk as Buffer;
  } catch (error) {
    throw error instanceof EnvpackError ? error : damaged("its index cannot be inflated", error);
  }
  if (inflater.bytesWritten !== length) throw damaged("its index goes on behind its end");
}

async function* readRange(source: ByteSource, from: number, to: number): AsyncGenerator<Buffer> {
  for (let at = from; at < to; at += CHUNK) yield await source.read(at, Math.min(CHUNK, to - at));
}
