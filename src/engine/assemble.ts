import { createHash, type Hash } from "node:crypto";
import type { PlannedFile } from "../archive/entry.js";
import { signedPart, type FooterFields } from "../archive/footer.js";
import { encodeEnd, encodeEntry, encodeFrame, encodeHead, type IndexHead } from "../archive/index-lines.js";
import type { FileHits, Hit } from "../relocate/scan.js";
import type { FrameTask } from "./frame-tasks.js";
import { IndexWriter } from "./index-writer.js";
import type { Sink } from "./output.js";
import type { PackedFrame, PackTask } from "./pack-frame.js";
import { release } from "./release.js";
import type { WriteResult } from "./write.js";

/** A file that spans frames: its digest is known, and its line written, with its last piece. */
interface LargeFile {
  readonly entry: PlannedFile;
  readonly hash: Hash;
  /** The frame lines of its pieces. */
  readonly frames: string[];
  readonly places: Hit[];
  binary: boolean;
}

/** Puts frames behind each other and writes down where they are. */
export class ArchiveAssembler {
  readonly #sink: Sink;
  readonly #head: IndexHead;
  readonly #index: IndexWriter;
  readonly #hash = createHash("sha256");
  readonly #hits: FileHits[] = [];
  #large: LargeFile | null = null;
  #at = 0;
  #tar = 0;
  #entries = 0;
  #bytes = 0;
  #frames = 0;

  constructor(sink: Sink, head: IndexHead, seal: (task: PackTask) => Promise<PackedFrame>) {
    this.#sink = sink;
    this.#head = head;
    this.#index = new IndexWriter(seal);
  }

  /** Bytes of content so far. */
  get bytes(): number {
    return this.#bytes;
  }

  get hits(): readonly FileHits[] {
    return this.#hits;
  }

  async start(): Promise<void> {
    await this.#index.append(Buffer.from(encodeHead(this.#head)));
  }

  /** Adds a frame; they come in archive order. */
  async add({ task, entries, bytes }: FrameTask, packed: PackedFrame): Promise<void> {
    const { frame, tar, crc32 } = packed;
    const line = encodeFrame({ at: this.#at, size: frame.length, tar, crc32 });
    this.#frames++;
    this.#entries += entries;
    this.#bytes += bytes;
    this.#tar += tar;
    await this.#write(frame);
    if (task.kind === "piece") {
      await this.#addPiece(task.entry, task.at, packed, line);
      return;
    }
    for (const hit of packed.hits) this.#hits.push(hit);
    await this.#index.append(Buffer.concat([Buffer.from(line), packed.lines]));
  }

  /** Adds the index and the footer. */
  async finish(sealFooter: (footer: FooterFields) => Uint8Array): Promise<WriteResult> {
    const totals = { entries: this.#entries, bytes: this.#bytes, frames: this.#frames };
    await this.#index.append(Buffer.from(encodeEnd(totals)));
    const { frames, footer } = await this.#index.finish(this.#at, this.#head);
    for (const frame of frames) await this.#write(frame);
    await this.#write(sealFooter(footer));
    return {
      entries: this.#entries,
      bytes: this.#bytes,
      tarBytes: this.#tar + footer.indexTar,
      archiveBytes: this.#at,
      sha256: this.#hash.digest("hex"),
      indexSha256: footer.indexSha256,
      signedPart: signedPart(footer),
    };
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    this.#at += bytes.length;
    await this.#sink.write(bytes);
  }

  async #addPiece(entry: PlannedFile, at: number, packed: PackedFrame, line: string): Promise<void> {
    const content = packed.content ?? new Uint8Array();
    const { length } = content;
    if (at === 0) this.#large = { entry, hash: createHash("sha256"), frames: [], places: [], binary: false };
    const large = this.#large;
    if (large === null) throw new Error("a piece came without its file");
    large.hash.update(content);
    release(content);
    large.frames.push(line);
    large.binary ||= packed.binary;
    for (const { places } of packed.hits) addPlaces(large.places, places);
    if (at + length === entry.size) await this.#endLarge(large);
  }

  async #endLarge({ entry, hash, frames, places, binary }: LargeFile): Promise<void> {
    this.#large = null;
    const [first = "", ...others] = frames;
    const { path, executable, size } = entry;
    const line = encodeEntry({ type: "file", path, executable, size, sha256: hash.digest("hex") });
    if (places.length > 0) this.#hits.push({ path, kind: binary ? "binary" : "text", places });
    await this.#index.append(Buffer.from(first + line + others.join("")));
  }
}

/** A place that begins in one piece may reach over one that was found in the next. */
function addPlaces(all: Hit[], more: readonly Hit[]): void {
  for (const place of more) {
    const last = all.at(-1);
    if (last === undefined || place.at >= last.at + last.length) all.push(place);
  }
}
