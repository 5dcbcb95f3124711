import { hash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { CodecName } from "../archive/format.js";
import { chooseLevel, loadCodec } from "../archive/codec/load.js";
import type { Codec } from "../archive/codec/codec.js";
import type { FileIdentity, PlannedEntry, PlannedFile } from "../archive/entry.js";
import { headerOf, type TarShape } from "../archive/entry-header.js";
import { FRAME_MAX } from "../archive/frame.js";
import { encodeHeader, writeHeader } from "../archive/header.js";
import { paddedSize } from "../archive/header-fields.js";
import { encodeEntry } from "../archive/index-lines.js";
import { compileRoots, isBinary, scanContent, type FileHits, type Needles, type ScanRoot } from "../relocate/scan.js";
import { detach, type Handler, type Outcome } from "./messages.js";
import { fileOfColumns, fromColumns, type EntryColumns } from "./packed-entries.js";
import { readSource } from "./read-source.js";
import { release } from "../archive/release.js";
import { takeFrame, type TakenFrame } from "./reuse/take-frame.js";

/** What packing threads are started for. */
export interface PackJob {
  readonly kind: "pack";
  readonly codec: CodecName;
  readonly level: number | undefined;
  readonly shape: TarShape;
  readonly roots: readonly ScanRoot[];
  /** Whether digests are wanted by which the frames can be taken over into a later archive. */
  readonly forReuse: boolean;
}

/** A frame to be made. */
export type PackTask =
  | { readonly kind: "entries"; readonly columns: EntryColumns; readonly taken?: TakenFrame }
  /** Part of the one file that the columns tell of. */
  | { readonly kind: "piece"; readonly columns: EntryColumns; readonly at: number; readonly length: number; readonly taken?: TakenFrame }
  /** Tar bytes as they are: pieces of the index. */
  | { readonly kind: "tar"; readonly tar: Uint8Array; readonly part: boolean; readonly behind?: number };

/** A frame that was made. */
export interface PackedFrame {
  /** As it stands in the archive. */
  readonly frame: Uint8Array;
  readonly crc32: number;
  /** Tar bytes in it. */
  readonly tar: number;
  /** SHA-256 of `frame` in hex, where that was wanted; else "". */
  readonly sha256: string;
  /** The index lines of its entries; none of a piece. */
  readonly lines: Uint8Array;
  /** SHA-256 of its files, 32 bytes each; of a piece that of the whole file, where it is known, else none. */
  readonly digests: Uint8Array;
  readonly hits: readonly FileHits[];
  /** Of a piece: its content, for the digest of the whole, and whether that holds a NUL. */
  readonly content: Uint8Array | null;
  readonly binary: boolean;
  /** Whether it was taken over from an earlier archive. */
  readonly isTaken: boolean;
}

const NO_BYTES = new Uint8Array();

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
  readonly #forReuse: boolean;

  constructor(job: PackJob, codec: Codec) {
    this.#codec = codec;
    this.#level = chooseLevel(codec, job.level);
    this.#shape = job.shape;
    this.#needles = compileRoots(job.roots);
    this.#forReuse = job.forReuse;
  }

  pack(task: PackTask): Outcome {
    switch (task.kind) {
      case "entries":
        return take(task.taken, task.columns) ?? this.#packEntries(fromColumns(task.columns));
      case "piece":
        return take(task.taken, null) ?? this.#packPiece(fileOfColumns(task.columns), task.at, task.length);
      case "tar":
        return this.#seal(task.tar, task, {});
    }
  }

  #packEntries(entries: Iterable<PlannedEntry>): Outcome {
    const hits: FileHits[] = [];
    let lines = "";
    let digests = "";
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
      const sha256 = hash("sha256", content);
      lines += encodeEntry({ ...entry, sha256 });
      if (this.#forReuse) digests += sha256;
      const places = scanContent(content, this.#needles);
      if (places.length > 0) hits.push({ path: entry.path, kind: isBinary(content) ? "binary" : "text", places });
      at += paddedSize(entry.size);
      this.#tar.fill(0, end, at);
    }
    return this.#seal(this.#tar.subarray(0, at), { part: false }, { lines: Buffer.from(lines), digests: Buffer.from(digests, "hex"), hits });
  }

  /**
   * A piece is read into a buffer of its own, which the main thread gets whole: it hashes the file. What
   * stands around the piece is read along with it, for the places that reach over its ends.
   */
  #packPiece(entry: PlannedFile, at: number, length: number): Outcome {
    const header = at === 0 ? encodeHeader(headerOf(entry, this.#shape)) : NO_BYTES;
    const from = Math.min(at, this.#needles.reach);
    const behind = Math.min(entry.size - at - length, this.#needles.reach);
    const start = header.length + from;
    const end = start + length;
    const buffer = Buffer.allocUnsafeSlow(Math.max(start + paddedSize(length), end + behind));
    buffer.set(header);
    readContent(entry, buffer, header.length, at - from, from + length + behind);
    const places = scanContent(buffer.subarray(header.length, end + behind), this.#needles, from, from + length);
    const content = buffer.subarray(start, end);
    const moved = places.map((place) => ({ ...place, at: place.at - from + at }));
    const hits: FileHits[] = places.length === 0 ? [] : [{ path: entry.path, kind: "text", places: moved }];
    // Only the last piece can need padding: all others fill their frame.
    if (behind === 0) buffer.fill(0, end);
    const cut = { part: at > 0, behind: at + length === entry.size ? paddedSize(length) - length : undefined };
    return this.#seal(buffer.subarray(at === 0 ? 0 : start, start + paddedSize(length)), cut, { hits, content, binary: isBinary(content) });
  }

  #seal(tar: Uint8Array, { part, behind }: { readonly part: boolean; readonly behind?: number }, rest: Partial<PackedFrame>): Outcome {
    const encoded = this.#codec.encode(tar, this.#level, part, behind);
    const frame = detach(encoded);
    if (frame.buffer !== encoded.buffer) release(encoded);
    const lines = detach(rest.lines ?? new Uint8Array());
    const digests = detach(rest.digests ?? new Uint8Array());
    const sha256 = this.#forReuse ? hash("sha256", frame) : "";
    const own = { frame, sha256, lines, digests, crc32: crc32(frame), tar: tar.length };
    const result: PackedFrame = { hits: [], content: null, binary: false, isTaken: false, ...rest, ...own };
    const transfer = [frame.buffer, lines.buffer, digests.buffer];
    if (result.content !== null) transfer.push(result.content.buffer as ArrayBuffer);
    return { result, transfer };
  }
}

function take(taken: TakenFrame | undefined, columns: EntryColumns | null): Outcome | null {
  return taken === undefined ? null : takeFrame(taken, columns);
}

function readContent({ source }: PlannedFile, target: Buffer, at: number, position: number, length: number): void {
  if (source.kind === "bytes") target.set(source.bytes.subarray(position, position + length), at);
  else readSource(source.file, source.identity satisfies FileIdentity, target, at, position, length);
}
