import { crc32 } from "node:zlib";
import { addToSum, damaged, NO_TAR, type Decoder, type StreamRules, type Unit } from "../codec/codec.js";
import { chainCrc32, type Footer } from "../footer.js";
import { FRAME_MAX } from "../frame.js";
import { decodeHeader } from "../tar/header.js";
import type { IndexSink } from "../index/index-reader.js";
import type { ByteSource } from "../byte-source.js";
import { endsAsTar, recoded, TAIL_BYTES } from "../recoded.js";
import { footerLength, unwrapFooter } from "../wrapped-footer.js";
import { release } from "../release.js";
import { splitStream } from "../tar/split-stream.js";
import { readPreamble } from "../preamble.js";
import type { Container } from "./container.js";

/** Bytes that are read at a time to find the frames of the manifest. */
const CHUNK = 256 << 10;

/** A tar in frames: the footer tells where the index's frames are, and the index where the others. */
export async function openTar(source: ByteSource, decoder: Decoder, rules: StreamRules): Promise<Container> {
  const { size } = source;
  const wrapped = footerLength(rules);
  const tail = await source.read(Math.max(0, size - wrapped), Math.min(size, wrapped));
  if (rules.measure === null && endsAsTar(await source.read(Math.max(0, size - TAIL_BYTES), Math.min(size, TAIL_BYTES))))
    throw recoded("decompressed");
  const { footer, tar: tarSum } = unwrapFooter(tail, rules);
  // Nothing may lie between the frames and it.
  if (footer.indexAt + footer.indexSize + wrapped !== size) throw damaged("its end is not where its footer says");
  let sum = NO_TAR;
  async function* readIndex(sink: IndexSink): AsyncGenerator<Buffer> {
    let crc = 0;
    sum = NO_TAR;
    for await (const unit of readUnits(source, rules, footer)) {
      crc = chainCrc32(crc, crc32(unit));
      const { plain, part } = decoder.decode(unit);
      if (plain.length === 0 || (part !== null && part !== sum.bytes > 0)) throw damaged("its index is cut wrongly");
      sum = addToSum(sum, { crc32: rules.endsWithSum ? crc32(plain) : 0, bytes: plain.length });
      yield sink.push(plain);
      // A plain tar's content is what was read.
      if (plain.buffer !== unit.buffer) release(plain);
      release(unit);
    }
    if (sum.bytes !== footer.indexTar || crc !== footer.indexCrc32) throw damaged("its index is not the one that its footer names");
  }
  return {
    decoder,
    footer,
    tarSum,
    readStart: async () => (await readPreamble(decoder, readFrames(source, rules, footer))).start,
    readIndex,
    indexSum: () => sum,
    openDirectory: () => Promise.resolve(null),
  };
}

/** The frames from the archive's start, without the index, which is not known yet. */
async function* readFrames(source: ByteSource, rules: StreamRules, { indexAt }: Footer): AsyncGenerator<{ readonly bytes: Buffer }> {
  if (rules.measure === null) {
    // Where its frames end depends on what stands behind the manifest, which may be damaged: not needed here.
    const folder = decodeHeader(await source.read(0, Math.min(FRAME_MAX, indexAt)), 0)?.length ?? 0;
    for await (const bytes of readRange(source, 0, folder, FRAME_MAX)) yield { bytes };
    for await (const bytes of readRange(source, folder, indexAt, FRAME_MAX)) yield { bytes };
    return;
  }
  for await (const unit of splitStream(Buffer.alloc(0), readRange(source, 0, indexAt, CHUNK), rules)) if (unit.kind === "frame") yield unit;
}

async function* readRange(source: ByteSource, from: number, to: number, chunk: number): AsyncGenerator<Buffer> {
  for (let at = from; at < to; at += chunk) yield await source.read(at, Math.min(chunk, to - at));
}

/** The frames of the index, found without their sizes being written down anywhere. */
async function* readUnits(source: ByteSource, { measure }: StreamRules, { indexAt, indexSize }: Footer): AsyncGenerator<Buffer> {
  const end = indexAt + indexSize;
  // A frame that does not compress takes a little more than its content.
  const most = measure === null ? FRAME_MAX : FRAME_MAX + (FRAME_MAX >>> 6);
  for (let at = indexAt; at < end;) {
    const bytes = await source.read(at, Math.min(most, end - at));
    const unit = measure === null ? measureTar(bytes, at === indexAt) : measure(bytes);
    if (unit?.kind !== "frame" || unit.length > bytes.length) throw damaged("its index is cut wrongly");
    yield bytes.subarray(0, unit.length);
    at += unit.length;
  }
}

/** In a plain tar the header of the index is a frame of its own, and the rest is cut at equal lengths. */
function measureTar(bytes: Buffer, first: boolean): Unit {
  return { kind: "frame", length: first ? (decodeHeader(bytes, 0)?.length ?? bytes.length) : bytes.length };
}
