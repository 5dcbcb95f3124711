import { createHash } from "node:crypto";
import { addToSum, NO_TAR, type Codec, type TarSum } from "../../archive/codec/codec.js";
import { chooseLevel, loadCodec } from "../../archive/codec/load.js";
import { sumSizes, type PlannedEntry, type PlannedFile } from "../../archive/entry.js";
import { FRAME_MAX } from "../../archive/frame.js";
import { release } from "../../archive/release.js";
import type { TarShape } from "../../archive/tar/entry-header.js";
import { END_MARK } from "../../archive/tar/header-fields.js";
import type { FileHits, ScanRoot } from "../../scan/scan.js";
import { FrameKeys } from "../reuse/frame-key.js";
import { inOrder } from "../threads/in-order.js";
import type { Pool } from "../threads/pool.js";
import { cutTasks, type FrameTask } from "./frame-tasks.js";
import { fileOfColumns } from "./packed-entries.js";
import type { PackJob, PieceTask, TarTask } from "./pack-frame.js";
import type { PackedFrame } from "./packed-frame.js";
import { LargeFile } from "./large-file.js";
import { append } from "../../support/append.js";

/** What all layers of an image share. */
export interface LayerMaker {
  readonly pool: Pool;
  readonly shape: TarShape;
  /** How layers are compressed: one gzip member, or zstd frames. */
  readonly codec: "gzip" | "zstd";
  readonly level?: number;
  readonly roots: readonly ScanRoot[];
  readonly onBytes?: (bytes: number) => void;
}

/** What goes into one layer. */
export interface LayerContent {
  /** Tar bytes that stand in front: the folders above all entries. */
  readonly head: Uint8Array;
  readonly entries: readonly PlannedEntry[];
  /** Files that go in last, known when all else was read. */
  readonly tail?: (found: LayerFindings) => readonly PlannedFile[];
  /** Tar bytes that stand behind them: the index, which lists all before it. */
  readonly closing?: (found: LayerFindings) => readonly Uint8Array[];
}

/** What was learned of a layer's files while they were read. */
export interface LayerFindings {
  /** The index lines of its entries. */
  readonly lines: readonly Uint8Array[];
  readonly hits: readonly FileHits[];
}

export interface WrittenLayer extends LayerFindings {
  /** "sha256:…" of its tar. */
  readonly diffId: string;
  readonly tarBytes: number;
}

/**
 * Tells a layer from all others that do not hold the same, as `FrameKeys` does of frames, without reading a file.
 *
 * @returns `changed`: milliseconds since 1970 of the last change to one of its files
 */
export async function keyOfLayer(
  maker: LayerMaker,
  { head, entries }: LayerContent,
): Promise<{ readonly key: string; readonly changed: number }> {
  const keys = new FrameKeys(jobOf(maker), await loadCodec(maker.codec));
  const hash = createHash("sha256").update("layer\n").update(head);
  let changed = 0;
  for (const { task } of cutTasks(entries, maker.shape)) {
    const key = keys.of(task);
    if (key === null) continue;
    hash.update(key.key);
    changed = Math.max(changed, key.changed);
  }
  return { key: hash.digest("hex"), changed };
}

/**
 * Writes one layer of an image: a tar whose entries the threads read, search, hash and compress. Its tar is hashed
 * meanwhile, since an image names a layer by that as well.
 *
 * @throws EnvpackError SOURCE_CHANGED, SOURCE_UNREADABLE, USAGE, INTERRUPTED …
 */
export async function writeLayer(
  maker: LayerMaker,
  content: LayerContent,
  write: (bytes: Uint8Array) => Promise<void>,
): Promise<WrittenLayer> {
  const codec = await loadCodec(maker.codec);
  chooseLevel(codec, maker.level);
  maker.pool.startFor({ entries: content.entries.length, bytes: content.head.length + sumSizes(content.entries) });
  maker.pool.assign(jobOf(maker));
  const writer = new LayerWriter(codec, maker, write);
  await writer.addTar([content.head]);
  await writer.addEntries(content.entries);
  if (content.tail !== undefined) await writer.addEntries(content.tail(writer));
  if (content.closing !== undefined) await writer.addTar(content.closing(writer));
  await writer.addTar([new Uint8Array(END_MARK)]);
  return writer.finish();
}

function jobOf({ codec, level, shape, roots }: LayerMaker): PackJob {
  return { kind: "pack", codec, level, shape, roots, forReuse: false, withTar: true };
}

/** Copies, all of one length but the last: each crosses to a thread with its buffer. */
function* piecesOf(tar: readonly Uint8Array[]): Generator<Uint8Array<ArrayBuffer>> {
  let left = tar.reduce((sum, { length }) => sum + length, 0);
  let piece = new Uint8Array(Math.min(FRAME_MAX, left));
  let filled = 0;
  for (const part of tar) {
    for (let done = 0; done < part.length;) {
      const some = part.subarray(done, done + piece.length - filled);
      piece.set(some, filled);
      filled += some.length;
      done += some.length;
      if (filled < piece.length) continue;
      yield piece;
      left -= filled;
      piece = new Uint8Array(Math.min(FRAME_MAX, left));
      filled = 0;
    }
  }
}

class LayerWriter implements LayerFindings {
  readonly lines: Uint8Array[] = [];
  readonly hits: FileHits[] = [];
  readonly #codec: Codec;
  readonly #maker: LayerMaker;
  readonly #write: (bytes: Uint8Array) => Promise<void>;
  readonly #hash = createHash("sha256");
  #sum: TarSum = NO_TAR;
  #isBegun = false;
  #large: LargeFile | null = null;

  constructor(codec: Codec, maker: LayerMaker, write: (bytes: Uint8Array) => Promise<void>) {
    this.#codec = codec;
    this.#maker = maker;
    this.#write = write;
  }

  /** Adds tar bytes as they are. */
  async addTar(tar: readonly Uint8Array[]): Promise<void> {
    const { pool } = this.#maker;
    const compress = (piece: Uint8Array<ArrayBuffer>): Promise<PackedFrame> =>
      pool.run({ kind: "tar", tar: piece, part: false } satisfies TarTask, [piece.buffer]);
    for await (const packed of inOrder(piecesOf(tar), pool.capacity, compress)) await this.#append(packed);
  }

  async addEntries(entries: readonly PlannedEntry[]): Promise<void> {
    const { pool, shape, onBytes } = this.#maker;
    for await (const { cut, packed } of inOrder(cutTasks(entries, shape), pool.capacity + 2, async (one: FrameTask) => ({
      cut: one,
      packed: await pool.run<PackedFrame>(one.task),
    }))) {
      await this.#append(packed);
      if (cut.task.kind === "piece") this.#addPiece(cut.task, packed);
      else {
        this.lines.push(packed.lines);
        append(this.hits, packed.hits);
      }
      onBytes?.(cut.bytes);
    }
  }

  async finish(): Promise<WrittenLayer> {
    const end = this.#codec.stream?.end?.(this.#sum);
    if (end !== undefined) await this.#write(new Uint8Array(end));
    return { lines: this.lines, hits: this.hits, diffId: `sha256:${this.#hash.digest("hex")}`, tarBytes: this.#sum.bytes };
  }

  async #append({ frame, tar, tarCrc32, tarBytes }: PackedFrame): Promise<void> {
    if (tarBytes === undefined) throw new Error("a frame of a layer came without its tar");
    this.#hash.update(tarBytes);
    release(tarBytes);
    this.#sum = addToSum(this.#sum, { crc32: tarCrc32, bytes: tar });
    const start = this.#codec.stream?.start;
    if (!this.#isBegun && start !== undefined && start.length > 0) await this.#write(new Uint8Array(start));
    this.#isBegun = true;
    await this.#write(frame);
  }

  /** A large file's line is written with its last piece, when its digest is known. */
  #addPiece({ columns, at, length }: PieceTask, packed: PackedFrame): void {
    if (at === 0) this.#large = new LargeFile(fileOfColumns(columns), packed);
    const large = this.#large;
    if (large === null) throw new Error("a piece came without its file");
    large.add(packed);
    if (!large.endsAt(at + length)) return;
    const { line, hits } = large.finish();
    append(this.hits, hits);
    this.lines.push(Buffer.from(line));
    this.#large = null;
  }
}
