import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { TarShape } from "../archive/entry-header.js";
import { chainCrc32, type FooterFields } from "../archive/footer.js";
import { FRAME_MAX } from "../archive/frame.js";
import type { IndexHead } from "../archive/index-lines.js";
import { behindIndex, headerOfIndex } from "../archive/index-header.js";
import { encodeDescriptor, encodeLocal, type ZipEntry } from "../archive/zip/headers.js";
import { zipIndexEntry } from "../archive/zip/index-entry.js";
import type { PackedFrame, PackTask } from "./pack-frame.js";

type Seal = (task: PackTask) => Promise<PackedFrame>;

/** The index's frames, the footer that goes with them, and in a zip the index's own entry. */
export interface FinishedIndex {
  readonly frames: readonly Uint8Array[];
  readonly footer: FooterFields;
  readonly entry: ZipEntry | null;
}

/** Takes the index as it grows, and keeps of it only compressed frames. */
export class IndexWriter {
  readonly #seal: Seal;
  readonly #hash = createHash("sha256");
  readonly #frames: Uint8Array[] = [];
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #bytes = 0;
  #crc32 = 0;
  #tar = 0;

  constructor(seal: Seal) {
    this.#seal = seal;
  }

  async append(lines: Uint8Array): Promise<void> {
    this.#hash.update(lines);
    this.#crc32 = crc32(lines, this.#crc32);
    this.#bytes += lines.length;
    await this.#push(lines);
  }

  /** Ends the index, to be written where the archive has reached `at`. */
  async finish(at: number, head: IndexHead): Promise<FinishedIndex> {
    return head.format === "zip" ? this.#finishZip(at, head) : this.#finishTar(at, head);
  }

  async #finishTar(at: number, shape: TarShape): Promise<FinishedIndex> {
    const size = this.#bytes;
    await this.#push(new Uint8Array(behindIndex(size)));
    await this.#flush(this.#waitingBytes);
    const header = headerOfIndex(size, shape);
    const first = await this.#seal({ kind: "tar", tar: new Uint8Array(header), part: false });
    const frames = [first.frame, ...this.#frames];
    const indexCrc32 = frames.reduce((chain, frame) => chainCrc32(chain, crc32(frame)), 0);
    return { frames, footer: this.#footer(at, frames, this.#tar + header.length, indexCrc32), entry: null };
  }

  /** A zip has neither the padding nor the end mark of a tar; its index is one frame to the footer, since nothing tells its pieces apart. */
  async #finishZip(at: number, shape: TarShape): Promise<FinishedIndex> {
    const size = this.#bytes;
    await this.#flush(this.#waitingBytes, 0);
    const packed = this.#frames.reduce((sum, frame) => sum + frame.length, 0);
    const entry = zipIndexEntry({ size, crc32: this.#crc32, packed }, shape);
    const frames = [encodeLocal(entry), ...this.#frames, encodeDescriptor(entry)];
    const indexCrc32 = chainCrc32(0, frames.reduce((chain, frame) => crc32(frame, chain), 0));
    const tar = headerOfIndex(size, shape).length + size + behindIndex(size);
    return { frames, footer: this.#footer(at, frames, tar, indexCrc32), entry };
  }

  #footer(at: number, frames: readonly Uint8Array[], indexTar: number, indexCrc32: number): FooterFields {
    const indexSize = frames.reduce((sum, frame) => sum + frame.length, 0);
    return { indexAt: at, indexSize, indexTar, indexBytes: this.#bytes, indexSha256: this.#hash.digest("hex"), indexCrc32 };
  }

  async #push(bytes: Uint8Array): Promise<void> {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    while (this.#waitingBytes >= FRAME_MAX) await this.#flush(FRAME_MAX);
  }

  /** @param behind of the last piece in a zip */
  async #flush(length: number, behind?: number): Promise<void> {
    if (length === 0 && behind === undefined) return;
    const all = Buffer.concat(this.#waiting);
    const rest = all.subarray(length);
    this.#waiting = [rest];
    this.#waitingBytes = rest.length;
    const { frame } = await this.#seal({ kind: "tar", tar: all.subarray(0, length), part: true, behind });
    this.#frames.push(frame);
    this.#tar += length;
  }
}
