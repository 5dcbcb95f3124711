import type { Entry } from "../entry.js";
import { Tree } from "../tree.js";
import type { IndexFrame } from "./index-file.js";
import type { IndexReader } from "./index-reader.js";

/** What an index lists, as far as it was read. */
export interface Listed {
  /** All of them, right or wrong. */
  readonly frames: readonly IndexFrame[];
  readonly entries: readonly Entry[];
  /**
   * Whether there is a frame of this number; waits until that is known. Its lines and all before them were checked then
   * by all that can be told without those behind: what it holds may be written, but not yet believed.
   *
   * @throws EnvpackError what is wrong with the index
   */
  has(frame: number): Promise<boolean>;
}

/** An index while it is read: it grows, and is checked on the way. */
export class PartialIndex implements Listed {
  readonly #reader: IndexReader;
  readonly #tree = new Tree();
  /** Entries that are in the tree. */
  #placed = 0;
  /** What is wrong with the tree: told last, since an index that is damaged tells no tree. */
  #fault: { readonly error: unknown } | null = null;
  #end: { readonly error: unknown } | "right" | null = null;
  readonly #waiting: (() => void)[] = [];

  constructor(reader: IndexReader) {
    this.#reader = reader;
  }

  get frames(): readonly IndexFrame[] {
    return this.#reader.frames;
  }

  get entries(): readonly Entry[] {
    return this.#reader.entries;
  }

  /** Decodes the next bytes of the index file. @throws EnvpackError ARCHIVE_CORRUPT, ARCHIVE_TOO_NEW, ARCHIVE_LIMIT */
  take(content: Buffer): void {
    this.#reader.decode(content);
    if (this.#fault !== null) return;
    try {
      this.#tree.add(this.entries, this.#placed);
      this.#placed = this.entries.length;
    } catch (error) {
      this.#fault = { error };
    }
    this.#wake();
  }

  /** Checks what only the whole tells. @throws EnvpackError ARCHIVE_UNSAFE, ARCHIVE_LIMIT */
  checkTree(): void {
    if (this.#fault !== null) throw this.#fault.error;
    this.#tree.checkLinks();
  }

  /** Ends the wait for more: all of it is right, or something is wrong. */
  end(fault: { readonly error: unknown } | null): void {
    this.#end = fault ?? "right";
    this.#wake();
  }

  async has(frame: number): Promise<boolean> {
    for (;;) {
      if (this.#end === "right") return frame < this.frames.length;
      if (this.#end !== null) throw this.#end.error;
      // The last one may still get entries, and those of the others are in the tree or at fault.
      const next = this.frames[frame + 1];
      if (next !== undefined && next.first <= this.#placed) return true;
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
