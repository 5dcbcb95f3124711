import { expect, test } from "vitest";
import { EntriesByPath } from "../../src/archive/entries-by-path.js";

const PATHS = ["", "B", "a", "a-b", "a/b", "a/b/c", "b", "\u00fc", "\ud83d\ude00", "\uffee"];

/** Every order of some of them, with repeats, by a generator of numbers that gives the same each time. */
function* orders(): Generator<string[]> {
  let seed = 1;
  const next = (below: number): number => {
    seed = (seed * 48271) % 0x7fffffff;
    return seed % below;
  };
  for (let turn = 0; turn < 1000; turn++) yield Array.from({ length: 1 + next(14) }, () => PATHS[next(PATHS.length)] ?? "");
}

test("entries are found by their paths, and none is added twice, in whatever order they come", () => {
  for (const paths of [PATHS, [...PATHS].reverse(), ...orders()]) {
    const entries = new EntriesByPath<{ readonly path: string }>();
    const known = new Map<string, { readonly path: string }>();
    for (const path of paths) {
      const entry = { path };
      const isNew = !known.has(path);
      if (isNew) known.set(path, entry);
      const isRight = entries.add(entry) === isNew && PATHS.every((one) => entries.get(one) === known.get(one));
      if (!isRight) expect.unreachable(`${path} of ${paths.join(", ")}`);
    }
  }
});
