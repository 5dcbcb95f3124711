import { createHash, type Hash } from "node:crypto";
import type { Codec } from "../../archive/codec/codec.js";
import { FORMAT_VERSION } from "../../archive/format-version.js";
import { VERSION } from "../../support/version.js";
import type { PackJob, PackTask } from "../write/pack-frame.js";
import { fileChanges, type EntryColumns } from "../write/packed-entries.js";

/** Tells a frame from all others that are not the same bytes. */
export interface FrameKey {
  /** 64 hex digits. */
  readonly key: string;
  /** Milliseconds since 1970 of the last change to one of its files; 0 where all content is made. */
  readonly changed: number;
}

/**
 * Keys of frames: a digest of all that decides a frame's bytes. Of files that is their path, kind, size,
 * times, inode and device, not their content: two packings give a frame the same key when nothing of it changed.
 */
export class FrameKeys {
  readonly #common: string;

  constructor({ codec: name, level, shape, roots }: PackJob, codec: Codec) {
    this.#common = JSON.stringify([VERSION, FORMAT_VERSION, name, codec.recipe, level ?? null, shape, roots]);
  }

  /** null for a piece of the index: it is never the same. */
  of(task: PackTask): FrameKey | null {
    if (task.kind === "tar") return null;
    const { columns } = task;
    const place = task.kind === "piece" ? [task.at, task.length] : [];
    const hash = createHash("sha256");
    // As JSON nothing can pass for something else; what follows is as long as the kinds say.
    hash.update(JSON.stringify([this.#common, place, columns.kinds, columns.paths, columns.others, columns.places]));
    hash.update(columns.numbers).update(columns.made);
    if (task.kind === "entries" && task.linked !== undefined) updateWith(hash, task.linked);
    const linked = task.kind === "entries" && task.linked !== undefined ? fileChanges(task.linked) : 0;
    return { key: hash.digest("hex"), changed: Math.max(fileChanges(columns), linked) };
  }
}

function updateWith(hash: Hash, columns: EntryColumns): void {
  hash
    .update(JSON.stringify([columns.paths, columns.others, columns.places]))
    .update(columns.numbers)
    .update(columns.made);
}
