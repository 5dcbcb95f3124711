import { hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { asBuffer, damaged, decodeOrSalvage, type Decoder } from "../../archive/codec/codec.js";
import type { StoredBytes } from "../../archive/byte-source.js";
import { loadDecoder } from "../../archive/codec/load.js";
import { isOwn, META } from "../../archive/entry.js";
import type { HeadedFile, TarShape } from "../../archive/tar/entry-header.js";
import { encodeEntry } from "../../archive/index/index-lines.js";
import { LineBytes } from "../../archive/index/line-bytes.js";
import { walkFrame } from "../../archive/tar/walk.js";
import { compareRecords } from "../../archive/zip/walk.js";
import { EnvpackError } from "../../support/errors.js";
import { FolderWriter } from "./folder-writer.js";
import { LargeFile } from "./large-file.js";
import { StoredReader } from "./stored-reader.js";
import { release } from "../../archive/release.js";
import { ownGate } from "../threads/gate.js";
import { detach, type Handler, type Outcome } from "../threads/handler.js";
import { isTimed, type HeadedLink } from "../time-check.js";

/** What checking and extracting threads are started for. */
export interface CheckJob {
  readonly kind: "check";
  readonly codec: string;
  /** Where files go, absolute; null to check and write nothing. */
  readonly folder: string | null;
}

/** What a zip's directory says of the entries that begin in a frame. */
export interface FrameDirectory {
  /** Where the frame stands in the archive. */
  readonly at: number;
  readonly records: Uint8Array;
}

/** A frame to be checked and, where the job has a folder, written. */
export interface FrameTask {
  /** As it stands in the archive; or where it stands in its file, and behind it the frames that go on with its large file. */
  readonly frame: Uint8Array | readonly StoredBytes[];
  readonly shape: TarShape;
  /** Whether it goes on with a file that an earlier frame began; null where only the frame itself can tell. */
  readonly part: boolean | null;
  /** Whether all frames of a file that it begins are in this task: one that goes on behind them is damage, and nothing of it is kept. */
  readonly isWhole: boolean;
  /** "all", "names" to write nothing and tell the paths, or one flag an entry. */
  readonly select: "all" | "names" | readonly boolean[];
  readonly directory?: FrameDirectory;
}

/** A file that spans frames, as its first frame tells it. */
export interface OpenFile {
  readonly entry: HeadedFile;
  readonly content: Uint8Array;
  readonly selected: boolean;
  /** What the CRC-32 of the whole has to be; null where nothing says. */
  readonly crc32: number | null;
}

/** A frame as it was found. */
export interface ReadFrame {
  /** Bytes in the archive, and their CRC-32. */
  readonly size: number;
  readonly crc32: number;
  /** Tar bytes in it, and their CRC-32; that is 0 where no archive of this codec tells it. */
  readonly tar: number;
  readonly tarCrc32: number;
}

/** What a frame was found to hold, together with those behind it that the task had. */
export interface FoundFrame {
  /** Of the task, one for one. */
  readonly frames: readonly ReadFrame[];
  readonly part: boolean;
  /** The index lines of its whole entries. */
  readonly lines: Uint8Array;
  /** Entries and their bytes of content, without envpack's own. */
  readonly entries: number;
  readonly bytes: number;
  /** Paths of envpack's own entries. */
  readonly own: readonly string[];
  /** The first path whose time is not that of its content; null for none. */
  readonly strange: string | null;
  readonly links: readonly HeadedLink[];
  /** Why the frame could not be decoded, though all of its entries were saved from it. */
  readonly fault: string | null;
  /** Paths, where they were asked for. */
  readonly names: readonly string[];
  /** A file that goes on in frames that the task did not have, and what this one holds of it. */
  readonly open: OpenFile | null;
  /** Tar bytes that the main thread takes: all of a part, and those of the frame that the index begins in. */
  readonly rest: Uint8Array | null;
  /** The fix-up records, of the frame that holds them whole. */
  readonly fixups: Uint8Array | null;
}

export async function openCheckJob({ codec, folder }: CheckJob): Promise<Handler> {
  const reader = new FrameReader(await loadDecoder(codec), folder === null ? null : new FolderWriter(folder));
  return (task: FrameTask) => reader.read(task);
}

interface DecodedPiece {
  readonly plain: Buffer;
  readonly part: boolean;
  readonly found: ReadFrame;
  /** As of `decodeOrSalvage`. */
  readonly fault: EnvpackError | null;
}

/** What is known of a frame before its entries were read. */
type FoundCommon = Pick<FoundFrame, "frames" | "part" | "fault">;

/** A large file that was read from all of its frames. */
interface ReadLarge {
  readonly line: string;
  readonly isTimed: boolean;
  /** All but the first. */
  readonly frames: readonly ReadFrame[];
  readonly fault: EnvpackError | null;
  readonly content: Buffer | null;
}

class FrameReader {
  readonly #codec: Decoder;
  readonly #writer: FolderWriter | null;
  readonly #stored = new StoredReader();
  readonly #lines = new LineBytes();

  constructor(codec: Decoder, writer: FolderWriter | null) {
    this.#codec = codec;
    this.#writer = writer;
  }

  read(task: FrameTask): Outcome {
    const [first, ...behind] = task.frame instanceof Uint8Array ? [task.frame] : task.frame;
    if (first === undefined) throw new Error("a task without a frame");
    const frame = first instanceof Uint8Array ? first : this.#stored.read(first);
    const { plain, part, found, fault } = this.#decode(frame, task.part);
    const common = { frames: [found], part, fault: fault?.message ?? null };
    try {
      // The content of a damaged frame tells more than its checksums.
      const openCrc32 = fault === null ? checkRecords(task, frame) : null;
      const outcome = part
        ? this.#finish({ ...common, rest: plain })
        : this.#readEntries(plain, task, common, openCrc32, behind as readonly StoredBytes[]);
      releaseOthers(first instanceof Uint8Array ? [plain, frame] : [plain], outcome.transfer);
      return outcome;
    } catch (error) {
      // What a damaged frame still held led to the entry at which it breaks off.
      if (fault === null || !(error instanceof EnvpackError) || error.path === undefined) throw fault ?? error;
      throw new EnvpackError(fault.code, fault.message, { path: error.path, cause: fault });
    }
  }

  /** @param expected as `FrameTask.part` */
  #decode(frame: Uint8Array, expected: boolean | null): DecodedPiece {
    const { plain, part, fault } = ownGate.pass(() => decodeOrSalvage(this.#codec, frame));
    const isPart = part ?? expected;
    if (isPart === null || (expected !== null && isPart !== expected)) throw damaged("its frames are out of order");
    // A pass over all of the tar, for nothing where the archive does not end with its sum.
    const tarCrc32 = this.#codec.stream?.endsWithSum === true ? crc32(plain) : 0;
    return { plain, part: isPart, found: { size: frame.length, crc32: crc32(frame), tar: plain.length, tarCrc32 }, fault };
  }

  /** Reads a large file's frames, checks them and writes the file. */
  #readLarge({ entry, content, selected, crc32: expected }: OpenFile, { shape }: FrameTask, stored: readonly StoredBytes[]): ReadLarge {
    const keep = entry.path === META.fixups;
    const file = new LargeFile(entry, selected ? this.#writer : null, { keep, crc32: expected });
    const frames: ReadFrame[] = [];
    let fault: EnvpackError | null = null;
    try {
      let isWhole = file.push(content);
      for (const one of stored) {
        const piece = this.#decode(this.#stored.read(one), true);
        fault ??= piece.fault;
        if (isWhole) throw fault ?? damaged("its frames are out of order");
        isWhole = file.push(piece.plain);
        frames.push(piece.found);
        release(piece.plain);
      }
      if (!isWhole) throw fault ?? damaged("its frames are out of order");
      return { ...file.finish(shape), frames, fault, content: file.content };
    } finally {
      file.close();
    }
  }

  #readEntries(plain: Buffer, task: FrameTask, common: FoundCommon, openCrc32: number | null, behind: readonly StoredBytes[]): Outcome {
    const { shape, select } = task;
    const names: string[] = [];
    const own: string[] = [];
    // A frame that failed may have left some.
    this.#lines.clear();
    let bytes = 0;
    let entries = 0;
    let position = 0;
    let fixups: Uint8Array | null = null;
    let strange: string | null = null;
    const links: HeadedLink[] = [];
    for (const { entry, body, open } of walkFrame(plain, shape)) {
      if (entry.path === META.index) return this.#finish({ ...common, rest: plain });
      const selected = select === "all" || (select !== "names" && select[position] === true);
      if (select === "names") names.push(entry.path);
      if (open && entry.type === "file") {
        if (task.isWhole && behind.length === 0) throw damaged("its frames are out of order", undefined, entry.path);
        const begun: OpenFile = { entry, content: body, selected, crc32: openCrc32 };
        return this.#finish(behind.length === 0 ? { ...common, names, open: begun } : this.#foundLarge(begun, task, common, behind));
      }
      const sha256 = entry.type === "file" ? digest(body) : "";
      this.#lines.add(encodeEntry(entry.type === "file" ? { ...entry, sha256 } : entry));
      if (entry.type === "file" && !isTimed(entry.mtime, shape, sha256)) strange ??= entry.path;
      if (entry.type === "hardlink") links.push({ path: entry.path, target: entry.target, mtime: entry.mtime });
      if (selected) this.#writer?.write(entry, body);
      position++;
      if (entry.path === META.fixups) fixups = new Uint8Array(body);
      if (isOwn(entry.path)) {
        own.push(entry.path);
        continue;
      }
      bytes += body.length;
      entries++;
    }
    if (behind.length > 0) throw damaged("its frames are out of order");
    return this.#finish({ ...common, names, lines: this.#lines.take(), bytes, entries, own, fixups, strange, links });
  }

  #foundLarge(begun: OpenFile, task: FrameTask, common: FoundCommon, behind: readonly StoredBytes[]): Partial<FoundFrame> {
    const { line, isTimed: timed, frames, fault, content } = this.#readLarge(begun, task, behind);
    const { path, size } = begun.entry;
    const counted = isOwn(path) ? { own: [path] } : { entries: 1, bytes: size };
    const all = { ...common, frames: [...common.frames, ...frames], fault: common.fault ?? fault?.message ?? null };
    return { ...all, ...counted, lines: Buffer.from(line), fixups: content, strange: timed ? null : path };
  }

  #finish(found: Partial<FoundFrame>): Outcome {
    const lines = detach(found.lines ?? new Uint8Array());
    const rest = found.rest === undefined || found.rest === null ? null : detach(found.rest);
    const open = found.open === undefined || found.open === null ? null : { ...found.open, content: detach(found.open.content) };
    const nothing = { names: [], own: [], bytes: 0, entries: 0, fixups: null, strange: null, links: [] };
    const transfer = [lines, rest, open?.content].flatMap((bytes) => (bytes === null || bytes === undefined ? [] : [bytes.buffer]));
    return { result: { ...nothing, ...found, lines, rest, open }, transfer };
  }
}

/** All of it was written or hashed; what goes back to the main thread is mostly in buffers of its own. */
function releaseOthers(used: readonly Uint8Array[], kept: readonly ArrayBuffer[]): void {
  for (const bytes of used) if (bytes.buffer.byteLength > 0 && !kept.includes(bytes.buffer as ArrayBuffer)) release(bytes);
}

/** Holds a zip's local headers against its directory; what that says of a file's checksum if the file goes on in other frames. */
function checkRecords({ directory }: FrameTask, frame: Uint8Array): number | null {
  return directory === undefined ? null : compareRecords(asBuffer(frame), directory.at, asBuffer(directory.records));
}

function digest(body: Uint8Array): string {
  return hash("sha256", body);
}
