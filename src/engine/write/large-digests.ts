import type { FrameTask } from "./frame-tasks.js";
import type { ContentDigest } from "./read-content.js";

/**
 * Has the digests of large files made before their turn comes: a file's time follows from its digest and stands in
 * its first frame, which all others would wait for.
 */
export class LargeDigests {
  readonly #files: Iterator<FrameTask>;
  readonly #begin: (first: FrameTask) => Promise<ContentDigest>;
  readonly #begun = new Map<string, Promise<ContentDigest>>();

  /**
   * @param firsts the first pieces of the files, in archive order
   * @param ahead how many files are digested at once
   * @param begin digests a file
   */
  constructor(firsts: Iterable<FrameTask>, ahead: number, begin: (first: FrameTask) => Promise<ContentDigest>) {
    this.#files = firsts[Symbol.iterator]();
    this.#begin = begin;
    for (let count = 0; count < ahead; count++) this.#next();
  }

  /** The digest of a file whose first piece is about to be packed; asked for once a file. */
  async of(first: FrameTask): Promise<ContentDigest> {
    const path = pathOf(first);
    const digest = this.#begun.get(path) ?? this.#begin(first);
    this.#begun.delete(path);
    this.#next();
    return digest;
  }

  #next(): void {
    const next = this.#files.next();
    if (next.done === true) return;
    const digest = this.#begin(next.value);
    // Told when the file's turn comes; until then it must not count as unhandled.
    digest.catch(() => undefined);
    this.#begun.set(pathOf(next.value), digest);
  }
}

/** Columns of one entry hold one path. */
function pathOf({ task }: FrameTask): string {
  return task.kind === "piece" ? task.columns.paths : "";
}
