import { damaged, type StreamRules, type Unit } from "../codec/codec.js";
import { META } from "../entry.js";
import { entryOf, shapeOf, tarName, type HeadedEntry, type TarShape } from "./entry-header.js";
import { FrameCutter, FRAME_MAX, spansFrames, tarBound } from "../frame.js";
import { decodeHeader } from "./header.js";
import { END_MARK, paddedSize } from "./header-fields.js";
import { footerLength } from "../wrapped-footer.js";

/** A frame, or the footer, cut out of a stream. */
export interface StreamUnit {
  readonly kind: "frame" | "footer";
  readonly bytes: Buffer<ArrayBuffer>;
  /** null where the frame itself tells. */
  readonly part: boolean | null;
}

interface Measure {
  /** Whether nothing but a footer can follow. */
  readonly isOver: boolean;
  /** How long the next unit is, told once a unit; null where more bytes are needed to tell. */
  next(bytes: Buffer): { readonly kind: "frame" | "footer"; readonly length: number; readonly part: boolean | null } | null;
}

/**
 * Cuts a stream into its frames and its footer, without decompressing. Holds no more than a frame.
 *
 * @param start bytes that were read from the stream before
 * @throws EnvpackError ARCHIVE_CORRUPT where the stream ends inside of a frame, or goes on behind the footer
 */
export async function* splitStream(start: Buffer, stream: AsyncIterable<Buffer>, rules: StreamRules): AsyncGenerator<StreamUnit> {
  const { measure: measureUnit } = rules;
  const measure: Measure =
    measureUnit === null ? new TarMeasure(rules) : { isOver: false, next: (bytes) => withoutPart(measureUnit(bytes)) };
  const window = new Window(start);
  for (let unit: ReturnType<Measure["next"]> = null; ;) {
    if (unit === null && window.length > 0) unit = measure.next(window.bytes);
    if (unit !== null && unit.length <= window.length) {
      yield { ...unit, bytes: window.take(unit.length) };
      if (unit.kind === "footer") break;
      unit = null;
    } else if (!(await window.fill(stream))) {
      // An archive that was decompressed on its way has lost its footer: who reads the index knows whether it may.
      if (measure.isOver && window.length === 0) return;
      throw damaged("it is cut off");
    }
  }
  if (window.length > 0 || (await window.fill(stream))) throw damaged("something stands behind its end");
}

function withoutPart(unit: Unit | null): ReturnType<Measure["next"]> {
  return unit === null ? null : { ...unit, part: null };
}

/** The bytes that were read and not yet taken, in one piece. */
class Window {
  #buffer = Buffer.allocUnsafeSlow(FRAME_MAX + (1 << 20));
  #from = 0;
  #to = 0;
  #source: AsyncIterator<Buffer> | null = null;

  constructor(start: Buffer) {
    this.#append(start);
  }

  get length(): number {
    return this.#to - this.#from;
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(this.#from, this.#to);
  }

  /** A copy that can be handed over to a thread. */
  take(length: number): Buffer<ArrayBuffer> {
    const taken = Buffer.allocUnsafeSlow(length);
    this.#buffer.copy(taken, 0, this.#from, this.#from + length);
    this.#from += length;
    return taken;
  }

  /** Reads on; false at the stream's end. */
  async fill(stream: AsyncIterable<Buffer>): Promise<boolean> {
    this.#source ??= stream[Symbol.asyncIterator]();
    const next = await this.#source.next();
    if (next.done === true) return false;
    this.#append(next.value);
    return true;
  }

  #append(chunk: Buffer): void {
    if (this.#to + chunk.length > this.#buffer.length) {
      const room = Math.max(this.#buffer.length, this.length + chunk.length);
      const target = room === this.#buffer.length ? this.#buffer : Buffer.allocUnsafeSlow(room);
      this.#buffer.copy(target, 0, this.#from, this.#to);
      this.#to -= this.#from;
      this.#from = 0;
      this.#buffer = target;
    }
    this.#to += chunk.copy(this.#buffer, this.#to);
  }
}

/** Cuts a plain tar where the writer cut it: by its headers and the rule of `FrameCutter`. */
class TarMeasure implements Measure {
  readonly #cutter = new FrameCutter();
  readonly #footer: number;
  #shape: TarShape | null = null;
  /** Tar bytes still to come of a file that spans frames, or of the index. */
  #body = 0;
  #ending = false;
  /** Bytes of the frame that were walked through already. */
  #walked = 0;
  /** Whether the entry there was already told to the cutter, and starts no frame of its own. */
  #seen = false;

  constructor(rules: StreamRules) {
    this.#footer = footerLength(rules);
  }

  get isOver(): boolean {
    return this.#ending && this.#body === 0;
  }

  next(bytes: Buffer): ReturnType<Measure["next"]> {
    if (this.#body > 0) {
      const length = Math.min(FRAME_MAX, this.#body);
      return bytes.length < length ? null : this.#cut(length, true);
    }
    if (this.#ending) return { kind: "footer", length: this.#footer, part: null };
    for (;;) {
      const decoded = decodeHeader(bytes, this.#walked);
      if (decoded === null) return null;
      this.#shape ??= shapeOf(decoded.header);
      const entry = entryOf(decoded.header, this.#shape);
      const isIndex = entry.path === META.index;
      if (!this.#seen && (isIndex || this.#startsFrame(entry))) {
        this.#seen = true;
        if (this.#walked > 0) return this.#cut(this.#walked, false);
      }
      this.#seen = true;
      const size = paddedSize(entry.type === "file" ? entry.size : 0);
      if (isIndex) return this.#cutLarge(decoded.length, decoded.length, size + END_MARK);
      if (spansFrames(this.#bound(entry))) return this.#cutLarge(FRAME_MAX, decoded.length, size);
      const end = this.#walked + decoded.length + size;
      if (end > bytes.length) return null;
      this.#walked = end;
      this.#seen = false;
    }
  }

  #cut(length: number, part: boolean): ReturnType<Measure["next"]> {
    if (part) this.#body -= length;
    this.#walked = 0;
    return { kind: "frame", length, part };
  }

  /** The first frame of a body that goes on: just `length` bytes with the header. */
  #cutLarge(length: number, header: number, body: number): ReturnType<Measure["next"]> {
    this.#ending = length === header;
    this.#body = body - (length - header);
    this.#seen = false;
    this.#walked = 0;
    return { kind: "frame", length, part: false };
  }

  #startsFrame(entry: HeadedEntry): boolean {
    return this.#cutter.startsFrame(entry.path, this.#bound(entry));
  }

  #bound(entry: HeadedEntry): number {
    const { arcroot } = this.#shape ?? { arcroot: "" };
    const linkname = entry.type === "symlink" ? entry.target : entry.type === "hardlink" ? tarName(entry.target, arcroot) : "";
    return tarBound(tarName(entry.path, arcroot), linkname, entry.type === "file" ? entry.size : 0);
  }
}
