import { hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { chooseLevel, loadCodec } from "../../archive/codec/load.js";
import type { Codec } from "../../archive/codec/codec.js";
import type { PlannedEntry, PlannedFile } from "../../archive/entry.js";
import { headerOf, tarName, type TarShape } from "../../archive/tar/entry-header.js";
import { timeOfFile } from "../../archive/entry-times.js";
import { FRAME_MAX } from "../../archive/frame.js";
import { encodeHeader, writeFileHeader, writeHeader } from "../../archive/tar/header.js";
import { writeTime } from "../../archive/tar/header-block.js";
import { BLOCK, paddedSize } from "../../archive/tar/header-fields.js";
import { encodeEntry } from "../../archive/index/index-lines.js";
import { LineBytes } from "../../archive/index/line-bytes.js";
import { compileRoots, isBinary, narrowNeedles, scanContent, type FileHits, type Needles, type ScanRoot } from "../../scan/scan.js";
import { ownGate } from "../threads/gate.js";
import { detach, type Handler, type Outcome } from "../threads/handler.js";
import { slotIn, type FrameSlot, type SlottedFrame } from "./frame-slots.js";
import { fileOfColumns, fromColumns, type EntryColumns } from "./packed-entries.js";
import type { PackedFrame } from "./packed-frame.js";
import { digestContent, readContent, type ContentDigest, type DigestTask } from "./read-content.js";
import { release } from "../../archive/release.js";
import type { EntrySink } from "../sinks/entry-sink.js";
import { FolderSink, type FolderPlace } from "../sinks/folder-sink.js";
import { takeFrame, type TakenFrame } from "../reuse/take-frame.js";

/** What packing threads are started for. */
export interface PackJob {
  readonly kind: "pack";
  readonly codec: string;
  readonly level: number | undefined;
  readonly shape: TarShape;
  readonly roots: readonly ScanRoot[];
  /** Whether digests are wanted by which the frames can be taken over into a later archive. */
  readonly forReuse: boolean;
  /** Where the entries go besides; absent: they become frames and nothing else. */
  readonly into?: FolderPlace;
  /** Whether the tar itself is wanted back beside the frame, to be hashed: an image's layer has a digest of it. */
  readonly withTar?: boolean;
  /** Slots for frames (see FrameSlots); absent: each frame gets a buffer. */
  readonly slots?: SharedArrayBuffer;
}

/** A frame to be made. */
export type PackTask =
  | {
      readonly kind: "entries";
      readonly columns: EntryColumns;
      /** The files of its hard links, where these get their times. */
      readonly linked?: EntryColumns;
      readonly taken?: TakenFrame;
      /** Where the frame goes; absent: into a buffer. */
      readonly slot?: number;
    }
  | PieceTask
  | DigestTask
  | TarTask;

/** Tar bytes as they are: pieces of the index. They have a buffer of their own, which crosses to the thread. */
export interface TarTask {
  readonly kind: "tar";
  readonly tar: Uint8Array<ArrayBuffer>;
  readonly part: boolean;
  readonly behind?: number;
}

/** Part of the one file that the columns tell of. */
export interface PieceTask {
  readonly kind: "piece";
  readonly columns: EntryColumns;
  readonly at: number;
  readonly length: number;
  /** Of the whole file, with its first piece; what is not known is made. */
  readonly digest?: ContentDigest;
  readonly taken?: TakenFrame;
  readonly slot?: number;
}

/** Where a file's content stands in a frame. */
interface PackedFile {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

const NO_BYTES = new Uint8Array();

export async function openPackJob(job: PackJob): Promise<Handler> {
  const packer = new FramePacker(job, await loadCodec(job.codec));
  return (task: PackTask) => packer.pack(task);
}

/** Makes frames in one buffer that is used again and again. */
class FramePacker {
  /** A frame, or a piece and what stands around it. */
  readonly #buffer: Buffer;
  readonly #lines = new LineBytes();
  readonly #codec: Codec;
  readonly #level: number | undefined;
  readonly #shape: TarShape;
  readonly #needles: Needles;
  readonly #forReuse: boolean;
  readonly #sink: EntrySink | null;
  readonly #withTar: boolean;
  readonly #slots: SharedArrayBuffer | null;
  /** Where the frame goes that is being made; null: into a buffer. */
  #slot: number | null = null;

  constructor(job: PackJob, codec: Codec) {
    this.#codec = codec;
    this.#level = chooseLevel(codec, job.level);
    this.#shape = job.shape;
    this.#needles = compileRoots(job.roots);
    this.#forReuse = job.forReuse;
    this.#sink = job.into === undefined ? null : new FolderSink(job.into);
    this.#buffer = Buffer.allocUnsafeSlow(FRAME_MAX + 2 * this.#needles.reach);
    this.#withTar = job.withTar === true;
    this.#slots = job.slots ?? null;
  }

  pack(task: PackTask): Outcome {
    // A frame that failed may have left some.
    this.#lines.clear();
    this.#slot = ("slot" in task ? task.slot : undefined) ?? null;
    switch (task.kind) {
      case "entries":
        return this.#take(task.taken, task.columns) ?? this.#packEntries(fromColumns(task.columns), this.#digestsOf(task.linked));
      case "piece":
        return this.#take(task.taken, null) ?? this.#packPiece(fileOfColumns(task.columns), task);
      case "digest":
        return { result: digestContent(fileOfColumns(task.columns), this.#buffer), transfer: [] };
      case "tar":
        return this.#compress(task.tar, task, { tarBytes: task.tar });
    }
  }

  /** The digests of files that lie in other frames perhaps. */
  #digestsOf(files: EntryColumns | undefined): ReadonlyMap<string, string> {
    const digests = new Map<string, string>();
    for (const entry of files === undefined ? [] : fromColumns(files))
      if (entry.type === "file") digests.set(entry.path, digestContent(entry, this.#buffer).sha256);
    return digests;
  }

  #packEntries(entries: Iterable<PlannedEntry>, linked: ReadonlyMap<string, string>): Outcome {
    const files: PackedFile[] = [];
    let digests = "";
    let at = 0;
    for (const entry of entries) {
      if (entry.type !== "file") {
        const header = headerOf(entry, this.#shape, entry.type === "hardlink" ? this.#timeOf(linked.get(entry.target)) : undefined);
        at += writeHeader(header, this.#buffer, at);
        this.#sink?.take(entry, NO_BYTES);
        this.#lines.add(encodeEntry(entry));
        continue;
      }
      at += writeFileHeader(tarName(entry.path, this.#shape.arcroot), entry, this.#shape.mtime, this.#buffer, at);
      const start = at;
      const end = at + entry.size;
      readContent(entry, this.#buffer, at, 0, entry.size);
      const content = this.#buffer.subarray(at, end);
      this.#sink?.take(entry, content);
      const sha256 = hash("sha256", content);
      // Only now is the time known.
      if (this.#shape.times === "content") writeTime(this.#buffer, start - BLOCK, timeOfFile(this.#shape, sha256));
      this.#lines.add(encodeEntry({ ...entry, sha256 }));
      if (this.#forReuse) digests += sha256;
      files.push({ path: entry.path, start, end });
      at += paddedSize(entry.size);
      this.#buffer.fill(0, end, at);
    }
    const hits = this.#search(this.#buffer.subarray(0, at), files);
    return this.#compress(
      this.#buffer.subarray(0, at),
      { part: false },
      { lines: this.#lines.take(), digests: Buffer.from(digests, "hex"), hits },
    );
  }

  #search(frame: Buffer, files: readonly PackedFile[]): FileHits[] {
    const needles = narrowNeedles(frame, this.#needles);
    const hits: FileHits[] = [];
    if (needles.roots.length === 0) return hits;
    for (const { path, start, end } of files) {
      const content = frame.subarray(start, end);
      const places = scanContent(content, needles);
      if (places.length > 0) hits.push({ path, kind: isBinary(content) ? "binary" : "text", places });
    }
    return hits;
  }

  /** What stands around the piece is read along with it, for the places that reach over its ends. */
  #packPiece(entry: PlannedFile, { at, length, digest: known }: PieceTask): Outcome {
    // The header comes before the content that its time follows from, so the file is read once more.
    const digest = at > 0 ? null : (known ?? digestContent(entry, this.#buffer));
    const header = digest === null ? NO_BYTES : encodeHeader(headerOf(entry, this.#shape, timeOfFile(this.#shape, digest.sha256)));
    const from = Math.min(at, this.#needles.reach);
    const behind = Math.min(entry.size - at - length, this.#needles.reach);
    const start = header.length + from;
    const end = start + length;
    const buffer = this.#buffer.subarray(0, Math.max(start + paddedSize(length), end + behind));
    buffer.set(header);
    readContent(entry, buffer, header.length, at - from, from + length + behind);
    const places = scanContent(buffer.subarray(header.length, end + behind), this.#needles, from, from + length);
    const content = buffer.subarray(start, end);
    this.#sink?.takePiece(entry, at, content);
    const moved = places.map((place) => ({ ...place, at: place.at - from + at }));
    const hits: FileHits[] = places.length === 0 ? [] : [{ path: entry.path, kind: "text", places: moved }];
    // Only the last piece can need padding: all others fill their frame.
    if (behind === 0) buffer.fill(0, end);
    const cut = { part: at > 0, behind: at + length === entry.size ? paddedSize(length) - length : undefined };
    // Handed over, so none that is shared.
    const digests = Buffer.from(digest?.sha256 ?? "", "hex");
    const piece = { crc32: crc32(content), bytes: length, whole: digest };
    return this.#compress(buffer.subarray(at === 0 ? 0 : start, start + paddedSize(length)), cut, {
      hits,
      piece,
      digests,
      binary: isBinary(content),
    });
  }

  /** The time of a link to a file; that of all where its digest does not matter. */
  #timeOf(sha256: string | undefined): number {
    return sha256 === undefined ? this.#shape.mtime : timeOfFile(this.#shape, sha256);
  }

  #take(taken: TakenFrame | undefined, columns: EntryColumns | null): Outcome | null {
    return taken === undefined ? null : takeFrame(taken, columns, { slot: this.#slot, bytes: this.#slotBytes() }, this.#lines);
  }

  #slotBytes(): Uint8Array {
    return this.#slots === null || this.#slot === null ? NO_BYTES : slotIn(this.#slots, this.#slot);
  }

  #compress(tar: Uint8Array, { part, behind }: { readonly part: boolean; readonly behind?: number }, rest: Partial<PackedFrame>): Outcome {
    const { length } = tar;
    const encoded = ownGate.pass(() => this.#codec.encode(tar, this.#level, part, behind));
    const sha256 = this.#forReuse ? hash("sha256", encoded) : "";
    const sum = crc32(encoded);
    const { frame, slotted } = handOver(encoded, { slot: this.#slot, bytes: this.#slotBytes() });
    if (frame.buffer !== encoded.buffer) release(encoded);
    const lines = detach(rest.lines ?? new Uint8Array());
    const digests = detach(rest.digests ?? new Uint8Array());
    const tarCrc32 = this.#codec.stream?.endsWithSum === true ? crc32(tar) : 0;
    // The buffer is used again for the next frame; what came to be compressed goes back, or is given up.
    const tarBytes = this.#withTar ? (rest.tarBytes ?? new Uint8Array(tar)) : undefined;
    if (tarBytes === undefined && rest.tarBytes !== undefined) release(rest.tarBytes);
    const own = { frame, slotted, sha256, lines, digests, crc32: sum, tar: length, tarCrc32 };
    const result: PackedFrame = { hits: [], piece: null, binary: false, isTaken: false, ...rest, ...own, tarBytes };
    const transfer = [frame.buffer, lines.buffer, digests.buffer];
    if (tarBytes !== undefined) transfer.push(tarBytes.buffer);
    return { result, transfer };
  }
}

/** A frame as it crosses to the thread that writes it: in its slot where it fits, else in a buffer of its own. */
function handOver(
  encoded: Uint8Array,
  { slot, bytes }: FrameSlot,
): { readonly frame: Uint8Array<ArrayBuffer>; readonly slotted?: SlottedFrame } {
  if (slot === null || encoded.length > bytes.length) return { frame: detach(encoded) };
  bytes.set(encoded);
  return { frame: new Uint8Array(), slotted: { slot, size: encoded.length } };
}
