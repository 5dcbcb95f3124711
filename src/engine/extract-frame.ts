import { hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { asBuffer, damaged, decodeOrSalvage, type Codec } from "../archive/codec/codec.js";
import { loadCodec } from "../archive/codec/load.js";
import { isOwn, META } from "../archive/entry.js";
import type { HeadedEntry, TarShape } from "../archive/entry-header.js";
import type { CodecName } from "../archive/format.js";
import { encodeEntry } from "../archive/index-lines.js";
import { walkFrame } from "../archive/walk.js";
import { compareRecords } from "../archive/zip/walk.js";
import { EnvpackError } from "../errors.js";
import { FolderWriter } from "./folder-writer.js";
import { release } from "../archive/release.js";
import { detach, type Handler, type Outcome } from "./messages.js";

/** What checking and extracting threads are started for. */
export interface CheckJob {
  readonly kind: "check";
  readonly codec: CodecName;
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
  /** As it stands in the archive. */
  readonly frame: Uint8Array;
  readonly shape: TarShape;
  /** Whether it goes on with a file that an earlier frame began; null where only the frame itself can tell. */
  readonly part: boolean | null;
  /** "all", "names" to write nothing and tell the paths, or one flag an entry. */
  readonly select: "all" | "names" | readonly boolean[];
  readonly directory?: FrameDirectory;
}

/** A file that spans frames, as its first frame tells it. */
export interface OpenFile {
  readonly entry: HeadedEntry & { readonly type: "file" };
  readonly content: Uint8Array;
  readonly selected: boolean;
  /** What the CRC-32 of the whole has to be; null where nothing says. */
  readonly crc32: number | null;
}

/** What a frame was found to hold. */
export interface FoundFrame {
  readonly crc32: number;
  /** Tar bytes in it. */
  readonly tar: number;
  readonly part: boolean;
  /** The index lines of its whole entries. */
  readonly lines: Uint8Array;
  /** Entries and their bytes of content, without envpack's own. */
  readonly entries: number;
  readonly bytes: number;
  /** Paths of envpack's own entries. */
  readonly own: readonly string[];
  /** Why the frame could not be decoded, though all of its entries were saved from it. */
  readonly fault: string | null;
  /** Paths, where they were asked for. */
  readonly names: readonly string[];
  /** A file that goes on in the next frames, and what this one holds of it. */
  readonly open: OpenFile | null;
  /** Tar bytes that the main thread takes: all of a part, and those of the frame that the index begins in. */
  readonly rest: Uint8Array | null;
  /** The fix-up records, of the frame that holds them whole. */
  readonly fixups: Uint8Array | null;
}

export async function openCheckJob({ codec, folder }: CheckJob): Promise<Handler> {
  const reader = new FrameReader(await loadCodec(codec), folder === null ? null : new FolderWriter(folder));
  return (task: FrameTask) => reader.read(task);
}

class FrameReader {
  readonly #codec: Codec;
  readonly #writer: FolderWriter | null;

  constructor(codec: Codec, writer: FolderWriter | null) {
    this.#codec = codec;
    this.#writer = writer;
  }

  read(task: FrameTask): Outcome {
    const { plain, part, fault } = decodeOrSalvage(this.#codec, task.frame);
    const isPart = part ?? task.part;
    if (isPart === null || (task.part !== null && isPart !== task.part)) throw damaged("its frames are out of order");
    const common = { crc32: crc32(task.frame), tar: plain.length, part: isPart, fault: fault?.message ?? null };
    try {
      // The content of a damaged frame tells more than its checksums.
      const openCrc32 = fault === null ? checkRecords(task) : null;
      const outcome = isPart ? this.#seal({ ...common, rest: plain }) : this.#readEntries(plain, task, common, openCrc32);
      releaseOthers([plain, task.frame], outcome.transfer);
      return outcome;
    } catch (error) {
      // What a damaged frame still held led to the entry at which it breaks off.
      if (fault === null || !(error instanceof EnvpackError) || error.path === undefined) throw fault ?? error;
      throw new EnvpackError(fault.code, fault.message, { path: error.path, cause: fault });
    }
  }

  #readEntries(plain: Buffer, { shape, select }: FrameTask, common: Partial<FoundFrame>, openCrc32: number | null): Outcome {
    const names: string[] = [];
    const own: string[] = [];
    let lines = "";
    let bytes = 0;
    let entries = 0;
    let position = 0;
    let fixups: Uint8Array | null = null;
    for (const { entry, body, open } of walkFrame(plain, shape)) {
      if (entry.path === META.index) return this.#seal({ ...common, rest: plain });
      const selected = select === "all" || (select !== "names" && select[position] === true);
      if (select === "names") names.push(entry.path);
      if (open && entry.type === "file") return this.#seal({ ...common, names, open: { entry, content: body, selected, crc32: openCrc32 } });
      lines += encodeEntry(entry.type === "file" ? { ...entry, sha256: digest(body) } : entry);
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
    return this.#seal({ ...common, names, lines: Buffer.from(lines), bytes, entries, own, fixups });
  }

  #seal(found: Partial<FoundFrame>): Outcome {
    const lines = detach(found.lines ?? new Uint8Array());
    const rest = found.rest === undefined || found.rest === null ? null : detach(found.rest);
    const open = found.open === undefined || found.open === null ? null : { ...found.open, content: detach(found.open.content) };
    const nothing = { names: [], own: [], bytes: 0, entries: 0, fixups: null };
    const transfer = [lines, rest, open?.content].flatMap((bytes) => (bytes === null || bytes === undefined ? [] : [bytes.buffer]));
    return { result: { ...nothing, ...found, lines, rest, open }, transfer };
  }
}

/** All of it was written or hashed; what goes back to the main thread is mostly in buffers of its own. */
function releaseOthers(used: readonly Uint8Array[], kept: readonly ArrayBuffer[]): void {
  for (const bytes of used) if (bytes.buffer.byteLength > 0 && !kept.includes(bytes.buffer as ArrayBuffer)) release(bytes);
}

/** Holds a zip's local headers against its directory; what that says of a file's checksum if the file goes on in other frames. */
function checkRecords({ frame, directory }: FrameTask): number | null {
  return directory === undefined ? null : compareRecords(asBuffer(frame), directory.at, asBuffer(directory.records));
}

function digest(body: Uint8Array): string {
  return hash("sha256", body);
}
