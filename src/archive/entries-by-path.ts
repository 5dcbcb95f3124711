/**
 * Entries by their paths. Where they come in order, as an archive's do but for a few, a list of them is all that it
 * takes: each one is compared with the one before, and none is put into a map.
 */
export class EntriesByPath<Entry extends { readonly path: string }> {
  /** Each of a greater path than the one before. */
  readonly #ordered: Entry[] = [];
  /** The others, and the greatest of their paths. */
  readonly #strays = new Map<string, Entry>();
  #lastStray = "";
  #last = "";

  /** Adds an entry, unless there is one of this path. @returns whether it was added */
  add(entry: Entry): boolean {
    const { path } = entry;
    const isOrdered = path > this.#last || this.#ordered.length === 0;
    if (!isOrdered && this.get(path) !== undefined) return false;
    if (isOrdered) {
      this.#ordered.push(entry);
      this.#last = path;
    } else {
      this.#strays.set(path, entry);
      if (path > this.#lastStray) this.#lastStray = path;
    }
    return true;
  }

  get(path: string): Entry | undefined {
    const stray = this.#isStray(path) ? this.#strays.get(path) : undefined;
    return stray ?? this.#findOrdered(path);
  }

  #isStray(path: string): boolean {
    return path <= this.#lastStray && this.#strays.has(path);
  }

  #findOrdered(path: string): Entry | undefined {
    let from = 0;
    for (let end = this.#ordered.length; from < end;) {
      const middle = (from + end) >>> 1;
      if ((this.#ordered[middle] as Entry).path < path) from = middle + 1;
      else end = middle;
    }
    const found = this.#ordered[from];
    return found?.path === path ? found : undefined;
  }
}
