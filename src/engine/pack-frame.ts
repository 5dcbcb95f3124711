import { hash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { CodecName } from "../archive/format.js";
import { chooseLevel, loadCodec } from "../archive/codec/load.js";
import type { Codec } from "../archive/codec/codec.js";
import type { FileIdentity, PlannedEntry, PlannedFile } from "../archive/entry.js";
import { headerOf, type TarShape } from "../archive/entry-header.js";
import { FRAME_MAX } from "../archive/frame.js";
import { writeHeader } from "../archive/header.js";
import { paddedSize } from "../archive/header-fields.js";
import { encodeEntry } from "../archive/index-lines.js";
import { compileRoots, isBinary, scanContent, type FileHits, type Needles, type ScanRoot } from "../relocate/scan.js";
import { detach, type Handler, type Outcome } from "./messages.js";
import { fromColumns, type EntryColumns } from "./packed-entries.js";
import { readSource } from "./read-source.js";
import { release } from "./release.js";

/** What packing threads are started for. */
export interface PackJob {
  readonly kind: "pack";
  readonly codec: CodecName;
  readonly level: number | undefined;
  readonly shape: TarShape;
  readonly roots: readonly ScanRoot[];
}

/** A frame to be made. */
export type PackTask =
  | { readonly kind: "entries"; readonly columns: EntryColumns }
  | { readonly kind: "piece"; readonly entry: PlannedFile; readonly at: number; readonly length: number }
  /** Tar bytes as they are: pieces of the index. */
  | { readonly kind: "tar"; readonly tar: Uint8Array; readonly part: boolean };

/** A frame that was made. */
export interface PackedFrame {
  /** As it stands in the archive. */
  readonly frame: Uint8Array;
  readonly crc32: number;
  /** Tar bytes in it. */
  readonly tar: number;
  /** The index lines of its entries; none of a piece. */
  readonly lines: Uint8Array;
  readonly hits: readonly FileHits[];
  /** Of a piece: its content, for the digest of the whole, and whether that holds a NUL. */
  readonly content: Uint8Array | null;
  readonly binary: boolean;
}

export async function openPackJob(job: PackJob): Promise<Handler> {
  const packer = new FramePacker(job, await loadCodec(job.codec));
  return (task: PackTask) => packer.pack(task);
}

/** Makes frames in one buffer that is used again and again. */
class FramePacker {
  readonly #tar = Buffer.allocUnsafeSlow(FRAME_MAX);
  readonly #codec: Codec;
  readonly #level: number | undefined;
  readonly #shape: TarShape;
  readonly #needles: Needles;

  constructor(job: PackJob, codec: Codec) {
    this.#codec = codec;
    this.#level = chooseLevel(codec, job.level);
    this.#shape = job.shape;
    this.#needles = compileRoots(job.roots);
  }

  pack(task: PackTask): Outcome {
    switch (task.kind) {
      case "entries":
        return this.#packEntries(fromColumns(task.columns));
      case "piece":
        return this.#packPiece(task.entry, task.at, task.length);
      case "tar":
        return this.#seal(task.tar, task.part, {});
    }
  }

  #packEntries(entries: Iterable<PlannedEntry>): Outcome {
    const hits: FileHits[] = [];
    let lines = "";
    let at = 0;
    for (const entry of entries) {
      at += writeHeader(headerOf(entry, this.#shape), this.#tar, at);
      if (entry.type !== "file") {
        lines += encodeEntry(entry);
        continue;
      }
      const end = at + entry.size;
      readContent(entry, this.#tar, at, 0, entry.size);
      const content = this.#tar.subarray(at, end);
      lines += encodeEntry({ ...entry, sha256: hash("sha256", content) });
      const places = scanContent(content, this.#needles);
      if (places.length > 0) hits.push({ path: entry.path, kind: isBinary(content) ? "binary" : "text", places });
      at += paddedSize(entry.size);
      this.#tar.fill(0, end, at);
    }
    return this.#seal(this.#tar.subarray(0, at), false, { lines: Buffer.from(lines), hits });
  }

  #packPiece(entry: PlannedFile, at: number, length: number): Outcome {
    const start = at === 0 ? writeHeader(headerOf(entry, this.#shape), this.#tar, 0) : 0;
    readContent(entry, this.#tar, start, at, length);
    // Only the last piece can need padding: all others fill their frame.
    const end = start + paddedSize(length);
    this.#tar.fill(0, start + length, end);
    const content = new Uint8Array(this.#tar.subarray(start, start + length));
    const places = this.#scanPiece(entry, content, at);
    const hits: FileHits[] = places.length === 0 ? [] : [{ path: entry.path, kind: "text", places }];
    return this.#seal(this.#tar.subarray(0, end), at > 0, { hits, content, binary: isBinary(content) });
  }

  /** The places that begin in a piece, with offsets in the file: the piece is read with its surroundings. */
  #scanPiece(entry: PlannedFile, content: Uint8Array, at: number): FileHits["places"] {
    if (this.#needles.roots.length === 0) return [];
    const from = Math.min(at, this.#needles.reach);
    const behind = Math.min(entry.size - at - content.length, this.#needles.reach);
    const wide = Buffer.allocUnsafeSlow(from + content.length + behind);
    readContent(entry, wide, 0, at - from, from);
    wide.set(content, from);
    readContent(entry, wide, from + content.length, at + content.length, behind);
    const places = scanContent(wide, this.#needles, from, from + content.length);
    return places.map((place) => ({ ...place, at: place.at - from + at }));
  }

  #seal(tar: Uint8Array, part: boolean, rest: Partial<PackedFrame>): Outcome {
    const encoded = this.#codec.encode(tar, this.#level, part);
    const frame = detach(encoded);
    if (frame.buffer !== encoded.buffer) release(encoded);
    const lines = detach(rest.lines ?? new Uint8Array());
    const packed = { hits: [], content: null, binary: false, ...rest, frame, lines, crc32: crc32(frame), tar: tar.length };
    const result: PackedFrame = packed;
    const transfer = [frame.buffer, lines.buffer];
    if (result.content !== null) transfer.push(result.content.buffer as ArrayBuffer);
    return { result, transfer };
  }
}

function readContent({ source }: PlannedFile, target: Buffer, at: number, position: number, length: number): void {
  if (source.kind === "bytes") target.set(source.bytes.subarray(position, position + length), at);
  else readSource(source.file, source.identity satisfies FileIdentity, target, at, position, length);
}
