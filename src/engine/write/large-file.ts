import { combineCrc32 } from "../../archive/codec/crc32-combine.js";
import type { PlannedFile } from "../../archive/entry.js";
import { encodeEntry } from "../../archive/index/index-lines.js";
import type { FileHits, Hit } from "../../scan/scan.js";
import type { PackedFrame } from "./packed-frame.js";
import type { ContentDigest } from "./read-content.js";
import { sourceChanged } from "./read-source.js";

/** A file that spans frames: its pieces come one after the other, and what is told of it is known with the last. */
export class LargeFile {
  readonly #entry: PlannedFile;
  /** What it was when it was digested; null where its first piece was taken over from another archive. */
  readonly #whole: ContentDigest | null;
  /** The CRC-32 of the pieces so far; null where one of them was taken over. */
  #crc32: number | null = 0;
  readonly #places: Hit[] = [];
  #binary = false;
  /** The file's digest, where a piece that was taken over from another archive tells it. */
  #sha256: string | null = null;

  /** @param first its first piece */
  constructor(entry: PlannedFile, { piece }: PackedFrame) {
    this.#entry = entry;
    this.#whole = piece?.whole ?? null;
  }

  add({ piece, digests, hits, binary }: PackedFrame): void {
    if (piece === null) this.#sha256 = Buffer.from(digests).toString("hex");
    this.#crc32 = piece === null || this.#crc32 === null ? null : combineCrc32(this.#crc32, piece.crc32, piece.bytes);
    this.#binary ||= binary;
    for (const { places } of hits) addPlaces(this.#places, places);
  }

  /** Whether a piece that ends there is the last one. */
  endsAt(end: number): boolean {
    return end === this.#entry.size;
  }

  /**
   * Its digest in hex, its index line, and what names an old place in it.
   *
   * @throws EnvpackError SOURCE_CHANGED where its pieces are not what was digested before
   */
  finish(): { readonly sha256: string; readonly line: string; readonly hits: readonly FileHits[] } {
    const { path, executable, size, source } = this.#entry;
    const whole = this.#whole;
    const sha256 = this.#sha256 ?? whole?.sha256 ?? "";
    // It was read twice: its pieces have to be what was digested.
    const isSame = whole === null || (whole.sha256 === sha256 && (this.#crc32 === null || this.#crc32 === whole.crc32));
    if (!isSame) throw sourceChanged(source.kind === "disk" ? source.file : path);
    const line = encodeEntry({ type: "file", path, executable, size, sha256 });
    const places = this.#places;
    return { sha256, line, hits: places.length === 0 ? [] : [{ path, kind: this.#binary ? "binary" : "text", places }] };
  }
}

/** A place that begins in one piece may reach over one that was found in the next. */
function addPlaces(all: Hit[], more: readonly Hit[]): void {
  for (const place of more) {
    const last = all.at(-1);
    if (last === undefined || place.at >= last.at + last.length) all.push(place);
  }
}
