import { crc32 } from "node:zlib";
import { addToSum, NO_TAR, type StreamRules } from "../../archive/codec/codec.js";
import type { TarShape } from "../../archive/tar/entry-header.js";
import { chainCrc32 } from "../../archive/footer.js";
import { behindIndex, headerOfIndex } from "../../archive/index/index-header.js";
import type { GatheredIndex, Compress } from "../write/index-writer.js";
import type { PackedFrame } from "../write/packed-frame.js";
import { NO_BYTES, sumLengths, type ContainerWriter, type FinishedIndex } from "./container.js";

/** Frames behind each other, and the footer in what its codec takes for nothing. */
export class TarWriter implements ContainerWriter {
  readonly #rules: StreamRules;
  #sum = NO_TAR;

  constructor(rules: StreamRules) {
    this.#rules = rules;
  }

  add({ tar, tarCrc32 }: PackedFrame, at: number): { readonly before: Uint8Array; readonly behind: Uint8Array } {
    this.#sum = addToSum(this.#sum, { crc32: tarCrc32, bytes: tar });
    return { before: at === 0 ? this.#rules.start : NO_BYTES, behind: NO_BYTES };
  }

  behindIndex(size: number): Uint8Array {
    return new Uint8Array(behindIndex(size));
  }

  async addIndex({ bytes, sha256, pieces, tar }: GatheredIndex, at: number, shape: TarShape, compress: Compress): Promise<FinishedIndex> {
    const header = headerOfIndex(bytes, sha256, shape);
    const first = await compress({ kind: "tar", tar: new Uint8Array(header), part: false });
    this.#sum = addToSum(addToSum(this.#sum, { crc32: first.tarCrc32, bytes: header.length }), tar);
    const frames = [first.frame, ...pieces];
    const indexCrc32 = frames.reduce((chain, frame) => chainCrc32(chain, crc32(frame)), 0);
    const footer = {
      indexAt: at,
      indexSize: sumLengths(frames),
      indexTar: header.length + tar.bytes,
      indexBytes: bytes,
      indexSha256: sha256,
      indexCrc32,
    };
    return { frames, footer };
  }

  *end(_at: number, footer: Uint8Array): Generator<Uint8Array> {
    yield this.#rules.wrapFooter(footer, this.#sum);
  }
}
