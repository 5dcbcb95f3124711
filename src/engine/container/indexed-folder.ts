import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { META } from "../../archive/entry.js";
import type { TarShape } from "../../archive/tar/entry-header.js";
import { explainWrite } from "../read/folder-writer.js";
import type { GatheredIndex, Compress } from "../write/index-writer.js";
import type { PackedFrame } from "../write/packed-frame.js";
import type { ContainerWriter, FinishedIndex } from "./container.js";

/** A plain tar whose entries went into a folder as well: the index that it ends with is that folder's. */
export class IndexedFolder implements ContainerWriter {
  readonly #tar: ContainerWriter;
  readonly #folder: string;

  /** @param tar of frames that are not compressed */
  constructor(tar: ContainerWriter, folder: string) {
    this.#tar = tar;
    this.#folder = folder;
  }

  add(packed: PackedFrame, at: number): ReturnType<ContainerWriter["add"]> {
    return this.#tar.add(packed, at);
  }

  behindIndex(size: number): Uint8Array | null {
    return this.#tar.behindIndex(size);
  }

  async addIndex(index: GatheredIndex, at: number, shape: TarShape, seal: Compress): Promise<FinishedIndex> {
    try {
      writeFileSync(join(this.#folder, META.index), Buffer.concat(index.pieces, index.bytes), { flag: "wx", mode: 0o644 });
    } catch (error) {
      throw explainWrite(error, META.index);
    }
    return this.#tar.addIndex(index, at, shape, seal);
  }

  end(at: number, footer: Uint8Array): Iterable<Uint8Array> {
    return this.#tar.end(at, footer);
  }
}
