import type { ArchiveIndex } from "../archive/index/index-file.js";
import { checkTime, type TarShape } from "../archive/tar/entry-header.js";
import { timeOfFile } from "../archive/entry-times.js";

/** A hard link as its header tells it; its time is that of its file, which may lie in another frame. */
export interface HeadedLink {
  readonly path: string;
  readonly target: string;
  readonly mtime: number;
}

/**
 * Holds the times of files and hard links to what they must be. They are told last: where content is damaged its
 * time is wrong as well, and the damage says more.
 */
export class TimeCheck {
  readonly #links: HeadedLink[] = [];
  #strange: string | null = null;

  /** @param strange the first path of a frame whose time is not that of its content; null for none */
  note(strange: string | null, links: readonly HeadedLink[]): void {
    this.#strange ??= strange;
    for (const link of links) this.#links.push(link);
  }

  /** @throws EnvpackError ARCHIVE_CORRUPT */
  finish(index: ArchiveIndex): void {
    if (this.#strange !== null) checkTime(NaN, index.mtime, this.#strange);
    const targets = new Set(this.#links.map(({ target }) => target));
    const times = new Map<string, number>();
    if (targets.size > 0)
      for (const entry of index.entries)
        if (entry.type === "file" && targets.has(entry.path)) times.set(entry.path, timeOfFile(index, entry.sha256));
    for (const { path, target, mtime } of this.#links) checkTime(mtime, times.get(target) ?? NaN, path);
  }
}

/** Whether a file has the time that it must have. */
export function isTimed(mtime: number, shape: TarShape, sha256: string): boolean {
  return mtime === timeOfFile(shape, sha256);
}
