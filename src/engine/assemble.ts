import { createHash, type Hash } from "node:crypto";
import { crc32 } from "node:zlib";
import { asBuffer, type Codec } from "../archive/codec/codec.js";
import type { PlannedFile } from "../archive/entry.js";
import { signedPart, type FooterFields } from "../archive/footer.js";
import { encodeEnd, encodeEntry, encodeFrame, encodeHead, type IndexHead } from "../archive/index-lines.js";
import { ZipDirectoryWriter } from "../archive/zip/directory-writer.js";
import type { FileHits, Hit } from "../relocate/scan.js";
import type { FrameTask } from "./frame-tasks.js";
import { IndexWriter } from "./index-writer.js";
import type { Sink } from "./output.js";
import { fileOfColumns } from "./packed-entries.js";
import type { PackedFrame, PackTask } from "./pack-frame.js";
import type { PlacedFrame } from "./reuse/reuse.js";
import { release } from "../archive/release.js";
import type { WriteResult } from "./write.js";

type PieceTask = PackTask & { readonly kind: "piece" };

/** A file that spans frames: its digest is known, and its line written, with its last piece. */
interface LargeFile {
  readonly entry: PlannedFile;
  readonly hash: Hash;
  /** The frame lines of its pieces. */
  readonly frames: string[];
  readonly places: Hit[];
  binary: boolean;
  /** The file's digest, where a piece that was taken over from another archive tells it. */
  sha256: string | null;
}

export interface AssemblerParts {
  readonly sink: Sink;
  readonly head: IndexHead;
  readonly codec: Codec;
  /** Has a piece of the index compressed. */
  readonly seal: (task: PackTask) => Promise<PackedFrame>;
}

/** Puts frames behind each other and writes down where they are. */
export class ArchiveAssembler {
  readonly #sink: Sink;
  readonly #head: IndexHead;
  readonly #codec: Codec;
  readonly #zip: ZipDirectoryWriter | null;
  readonly #index: IndexWriter;
  readonly #hash = createHash("sha256");
  readonly #hits: FileHits[] = [];
  #large: LargeFile | null = null;
  #at = 0;
  #tar = 0;
  #entries = 0;
  #bytes = 0;
  #frames = 0;

  constructor({ sink, head, codec, seal }: AssemblerParts) {
    this.#sink = sink;
    this.#head = head;
    this.#codec = codec;
    this.#zip = head.format === "zip" ? new ZipDirectoryWriter() : null;
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

  /** Adds a frame, and tells where it stands; they come in archive order. */
  async add({ task, entries, bytes }: FrameTask, packed: PackedFrame): Promise<PlacedFrame> {
    const { tar, content } = packed;
    const behind = this.#zip?.take(asBuffer(packed.frame), this.#at, content) ?? null;
    const frame = behind === null ? packed.frame : Buffer.concat([packed.frame, behind]);
    const place = { at: this.#at, size: frame.length };
    const line = encodeFrame({ ...place, tar, crc32: behind === null ? packed.crc32 : crc32(behind, packed.crc32) });
    this.#frames++;
    this.#entries += entries;
    this.#bytes += bytes;
    this.#tar += tar;
    await this.#write(frame);
    if (task.kind === "piece") return { ...place, fileSha256: await this.#addPiece(task, packed, line) };
    for (const hit of packed.hits) this.#hits.push(hit);
    await this.#index.append(Buffer.concat([Buffer.from(line), packed.lines]));
    return { ...place, fileSha256: null };
  }

  /** Adds the index and the footer. */
  async finish(sign: (footer: FooterFields) => Uint8Array): Promise<WriteResult> {
    const totals = { entries: this.#entries, bytes: this.#bytes, frames: this.#frames };
    await this.#index.append(Buffer.from(encodeEnd(totals)));
    const { frames, footer, entry } = await this.#index.finish(this.#at, this.#head);
    for (const frame of frames) await this.#write(frame);
    const payload = sign(footer);
    if (this.#zip === null || entry === null) await this.#write(this.#codec.sealFooter(payload));
    else for (const piece of this.#zip.finish(this.#at, { entry, at: footer.indexAt }, payload)) await this.#write(piece);
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

  /** The file's digest with its last piece. */
  async #addPiece({ columns, at, length }: PieceTask, packed: PackedFrame, line: string): Promise<string | null> {
    const { content, digests } = packed;
    if (at === 0) this.#large = { entry: fileOfColumns(columns), hash: createHash("sha256"), frames: [], places: [], binary: false, sha256: null };
    const large = this.#large;
    if (large === null) throw new Error("a piece came without its file");
    if (content === null) large.sha256 = Buffer.from(digests).toString("hex");
    else large.hash.update(content);
    if (content !== null) release(content);
    large.frames.push(line);
    large.binary ||= packed.binary;
    for (const { places } of packed.hits) addPlaces(large.places, places);
    return at + length === large.entry.size ? this.#endLarge(large) : null;
  }

  async #endLarge({ entry, hash, frames, places, binary, sha256: known }: LargeFile): Promise<string> {
    this.#large = null;
    const [first = "", ...others] = frames;
    const { path, executable, size } = entry;
    const sha256 = known ?? hash.digest("hex");
    const line = encodeEntry({ type: "file", path, executable, size, sha256 });
    if (places.length > 0) this.#hits.push({ path, kind: binary ? "binary" : "text", places });
    await this.#index.append(Buffer.from(first + line + others.join("")));
    return sha256;
  }
}

/** A place that begins in one piece may reach over one that was found in the next. */
function addPlaces(all: Hit[], more: readonly Hit[]): void {
  for (const place of more) {
    const last = all.at(-1);
    if (last === undefined || place.at >= last.at + last.length) all.push(place);
  }
}
