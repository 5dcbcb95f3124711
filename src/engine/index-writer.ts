import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { META } from "../archive/entry.js";
import { headerOf, type TarShape } from "../archive/entry-header.js";
import { chainCrc32, type FooterFields } from "../archive/footer.js";
import { FRAME_MAX } from "../archive/frame.js";
import { encodeHeader } from "../archive/header.js";
import { END_MARK, paddedSize } from "../archive/header-fields.js";
import type { PackedFrame, PackTask } from "./pack-frame.js";

type Seal = (task: PackTask) => Promise<PackedFrame>;

/** Takes the index as it grows, and keeps of it only compressed frames. */
export class IndexWriter {
  readonly #seal: Seal;
  readonly #hash = createHash("sha256");
  readonly #frames: Uint8Array[] = [];
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #bytes = 0;
  #tar = 0;

  constructor(seal: Seal) {
    this.#seal = seal;
  }

  async append(lines: Uint8Array): Promise<void> {
    this.#hash.update(lines);
    this.#bytes += lines.length;
    await this.#push(lines);
  }

  /** The index's frames, to be written where the archive has reached `at`, and the footer that goes with them. */
  async finish(at: number, shape: TarShape): Promise<{ readonly frames: readonly Uint8Array[]; readonly footer: FooterFields }> {
    const size = this.#bytes;
    await this.#push(new Uint8Array(paddedSize(size) - size + END_MARK));
    await this.#flush(this.#waitingBytes);
    const header = encodeHeader(headerOf({ type: "file", path: META.index, executable: false, size }, shape));
    const first = await this.#seal({ kind: "tar", tar: new Uint8Array(header), part: false });
    const frames = [first.frame, ...this.#frames];
    const indexCrc32 = frames.reduce((chain, frame) => chainCrc32(chain, crc32(frame)), 0);
    const indexSize = frames.reduce((sum, frame) => sum + frame.length, 0);
    const indexSha256 = this.#hash.digest("hex");
    const footer = { indexAt: at, indexSize, indexTar: this.#tar + header.length, indexBytes: size, indexSha256, indexCrc32 };
    return { frames, footer };
  }

  async #push(bytes: Uint8Array): Promise<void> {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    while (this.#waitingBytes >= FRAME_MAX) await this.#flush(FRAME_MAX);
  }

  async #flush(length: number): Promise<void> {
    if (length === 0) return;
    const all = Buffer.concat(this.#waiting);
    const rest = all.subarray(length);
    this.#waiting = [rest];
    this.#waitingBytes = rest.length;
    const { frame } = await this.#seal({ kind: "tar", tar: all.subarray(0, length), part: true });
    this.#frames.push(frame);
    this.#tar += length;
  }
}
