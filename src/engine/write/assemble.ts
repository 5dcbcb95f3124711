import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { inArchiveOrder } from "../../archive/archive-order.js";
import { release } from "../../archive/release.js";
import { signedPart, type FooterFields } from "../../archive/footer.js";
import { encodeEnd, encodeFrame, encodeHead, type IndexHead } from "../../archive/index/index-lines.js";
import type { FileHits } from "../../scan/scan.js";
import type { FrameTask } from "./frame-tasks.js";
import type { ContainerWriter } from "../container/container.js";
import { IndexWriter, type Compress } from "./index-writer.js";
import type { Sink } from "../sinks/output.js";
import { fileOfColumns } from "./packed-entries.js";
import type { PieceTask } from "./pack-frame.js";
import type { PackedFrame } from "./packed-frame.js";
import type { PlacedFrame } from "../reuse/reuse.js";
import type { WriteResult } from "./write-result.js";
import { LargeFile } from "./large-file.js";
import { append } from "../../support/append.js";

/** A file that spans frames, and the frame lines of its pieces. */
interface Pieces {
  readonly file: LargeFile;
  readonly frames: string[];
}

export interface AssemblerParts {
  readonly sink: Sink;
  readonly head: IndexHead;
  readonly container: ContainerWriter;
  readonly compress: Compress;
  /** Whether entries come in the order of loading, and not in that of archives, in which digests are made. */
  readonly forLoading?: boolean;
}

/** Puts frames behind each other and writes down where they are. */
export class ArchiveAssembler {
  readonly #sink: Sink;
  readonly #head: IndexHead;
  readonly #container: ContainerWriter;
  readonly #compress: Compress;
  readonly #index: IndexWriter;
  readonly #hash = createHash("sha256");
  readonly #lines = createHash("sha256");
  readonly #hits: FileHits[] = [];
  /** All index lines of entries; null where they are hashed as they come. */
  readonly #kept: Uint8Array[] | null;
  #large: Pieces | null = null;
  #at = 0;
  #tar = 0;
  #entries = 0;
  #bytes = 0;
  #frames = 0;

  constructor({ sink, head, container, compress, forLoading = false }: AssemblerParts) {
    this.#kept = forLoading ? [] : null;
    this.#sink = sink;
    this.#head = head;
    this.#container = container;
    this.#compress = compress;
    this.#index = new IndexWriter(compress);
  }

  /** Bytes of content so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Frames so far. */
  get frames(): number {
    return this.#frames;
  }

  get hits(): readonly FileHits[] {
    return this.#hits;
  }

  /** SHA-256 in hex over the index lines of all entries so far, in the order of archives. */
  get digest(): string {
    return this.#kept === null ? this.#lines.copy().digest("hex") : digestLines(Buffer.concat(this.#kept));
  }

  async start(): Promise<void> {
    await this.#index.append(Buffer.from(encodeHead(this.#head)));
  }

  /**
   * Adds a frame, and tells where it stands, without what its container puts around it; they come in archive order.
   * The buffer of its lines is gone afterwards.
   */
  async add({ task, entries, bytes }: FrameTask, packed: PackedFrame): Promise<PlacedFrame> {
    const { tar } = packed;
    const { before, behind } = this.#container.add(packed, this.#at);
    const place = { at: this.#at + before.length, size: packed.frame.length };
    const size = before.length + packed.frame.length + behind.length;
    const line = encodeFrame({ at: this.#at, size, tar, crc32: crc32Of([before, packed.frame, behind], packed.crc32) });
    this.#frames++;
    this.#entries += entries;
    this.#bytes += bytes;
    this.#tar += tar;
    for (const bytes of [before, packed.frame, behind]) if (bytes.length > 0) await this.#write(bytes);
    if (task.kind === "piece") return { ...place, fileSha256: await this.#addPiece(task, packed, line) };
    for (const hit of packed.hits) this.#hits.push(hit);
    this.#note(packed.lines);
    await this.#index.append(Buffer.from(line));
    await this.#index.append(packed.lines);
    if (this.#kept === null) release(packed.lines);
    return { ...place, fileSha256: null };
  }

  /** Adds the index and the footer. */
  async finish(sign: (footer: FooterFields) => Promise<Uint8Array>): Promise<WriteResult> {
    const totals = { entries: this.#entries, bytes: this.#bytes, frames: this.#frames };
    await this.#index.append(Buffer.from(encodeEnd(totals)));
    const index = await this.#index.finish((size) => this.#container.behindIndex(size));
    const { frames, footer } = await this.#container.addIndex(index, this.#at, this.#head, this.#compress);
    for (const frame of frames) await this.#write(frame);
    for (const piece of this.#container.end(this.#at, await sign(footer))) await this.#write(piece);
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

  #note(lines: Uint8Array): void {
    if (this.#kept === null) this.#lines.update(lines);
    else this.#kept.push(lines);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    this.#at += bytes.length;
    await this.#sink.write(bytes);
  }

  /** The file's digest with its last piece. */
  async #addPiece({ columns, at, length }: PieceTask, packed: PackedFrame, line: string): Promise<string | null> {
    if (at === 0) this.#large = { file: new LargeFile(fileOfColumns(columns), packed), frames: [] };
    const large = this.#large;
    if (large === null) throw new Error("a piece came without its file");
    large.frames.push(line);
    large.file.add(packed);
    return large.file.endsAt(at + length) ? this.#endLarge(large) : null;
  }

  async #endLarge({ file, frames }: Pieces): Promise<string> {
    this.#large = null;
    const [first = "", ...others] = frames;
    const { sha256, line, hits } = file.finish();
    append(this.#hits, hits);
    this.#note(Buffer.from(line));
    await this.#index.append(Buffer.from(first + line + others.join("")));
    return sha256;
  }
}

/** @param known that of the frame itself, in the middle */
function crc32Of([before, frame, behind]: readonly [Uint8Array, Uint8Array, Uint8Array], known: number): number {
  return crc32(behind, before.length === 0 ? known : crc32(frame, crc32(before)));
}

function digestLines(lines: Buffer): string {
  const texts = lines.toString("utf8").split("\n").slice(0, -1);
  const entries = texts.map((text) => ({ text, ...(JSON.parse(text) as { readonly path: string; readonly type: string }) }));
  const hash = createHash("sha256");
  for (const { text } of inArchiveOrder(entries)) hash.update(`${text}\n`);
  return hash.digest("hex");
}
