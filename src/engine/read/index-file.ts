import { closeSync, writeSync } from "node:fs";
import { META } from "../../archive/entry.js";
import { explainWrite, FolderWriter } from "./folder-writer.js";
import type { Target } from "./read-request.js";

/** The index file of what is restored: written while it is read, where it is wanted. */
export class IndexFile {
  readonly #writer: FolderWriter | null;
  #fd: number | null = null;

  constructor({ folder, only }: Target) {
    this.#writer = folder === null || only?.(META.index) === false ? null : new FolderWriter(folder);
  }

  /** Writes the next bytes of it. */
  write(content: Uint8Array): void {
    if (this.#writer === null) return;
    this.#fd ??= this.#writer.create(META.index, false);
    try {
      for (let done = 0; done < content.length;) done += writeSync(this.#fd, content, done);
    } catch (error) {
      throw explainWrite(error, META.index);
    }
  }

  close(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }
}
