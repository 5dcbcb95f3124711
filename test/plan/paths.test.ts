import { posix } from "node:path";
import { describe, expect, test } from "vitest";
import type { PlannedEntry } from "../../src/archive/entry.js";
import { ListedFolder } from "../../src/listing/listed-folder.js";
import { holdsTwins, noticeCollisions, noticeCollisionsIn } from "../../src/plan/collisions.js";
import { byPath, foundPaths, placeOf } from "../../src/plan/found-paths.js";

/** Numbers from 0 to below `most`, the same each time. */
function randomNumbers(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  };
}

const NAMES = ["a", "A", "b", "a-b", "a.b", "Ab", "aB", "é", "e\u0301", "É", "node_modules", "x", "readme", "README"];

/** The folders and files of a random tree below a folder, the folder included. */
function randomTree(top: string, random: (most: number) => number): string[] {
  const paths = new Set([top]);
  for (let count = random(7); count > 0; count--) {
    let path = top;
    for (let depth = 1 + random(3); depth > 0; depth--) {
      path = posix.join(path, NAMES[random(NAMES.length)] as string);
      paths.add(path);
    }
  }
  return [...paths].sort();
}

const entriesOf = (paths: readonly string[]): PlannedEntry[] => paths.map((path) => ({ type: "directory", path }));

describe("paths that entries hold", () => {
  test("are found in any order, and nothing else is", () => {
    const random = randomNumbers(1);
    for (let round = 0; round < 200; round++) {
      const paths = randomTree("app", random).reverse();
      const wanted = [...randomTree("app", random), "", "x"];
      expect([...foundPaths(entriesOf(paths), wanted)].sort()).toEqual(wanted.filter((path) => paths.includes(path)).sort());
    }
  });

  test("stand where they would be put", () => {
    const entries = entriesOf(["app", "app/a", "app/a-b", "app/a/b", "lib/x"]);
    for (const path of ["", "app", "app/a-", "app/a/", "app/b", "lib", "lib/", "z"]) {
      const sorted = [...entries.filter((entry) => entry.path !== path), { type: "directory", path } as const].sort(byPath);
      expect(placeOf(entries, path)).toBe(sorted.findIndex((entry) => entry.path === path));
    }
  });
});

describe("names that some file systems take for the same", () => {
  /** Whether any folder of a tree holds some, as a walk asks folder by folder. */
  const twinsIn = (paths: readonly string[]): boolean => {
    const folders = new Set(paths.map((path) => posix.dirname(path)));
    return [...folders].some((folder) => {
      const names = paths.filter((path) => posix.dirname(path) === folder).map((path) => posix.basename(path));
      return holdsTwins(new ListedFolder(names.join("/"), new Float64Array(), 0));
    });
  };

  test("are told of just as where all paths are looked through", () => {
    const random = randomNumbers(2);
    let told = 0;
    for (let round = 0; round < 600; round++) {
      const own = randomTree("app", random);
      // From elsewhere: folders beside it, and sometimes what goes into it.
      const others = [
        randomTree("lib", random),
        randomTree("links", random),
        random(3) === 0 ? randomTree(["app/a", "App", "APP/é"][random(3)] as string, random) : [],
      ];
      const parts = [{ entries: entriesOf(own), twins: twinsIn(own) }, ...others.map((paths) => ({ entries: entriesOf(paths) }))];
      const all = [...new Set([...own, ...others.flat()])].sort();
      const unique = parts.map((part, index) => ({
        ...part,
        entries: part.entries.filter(({ path }) => !parts.slice(index + 1).some((later) => later.entries.some((one) => one.path === path))),
      }));
      const wanted = noticeCollisions(entriesOf(all));
      told += wanted.length;
      expect(noticeCollisionsIn(unique, "app", entriesOf(all))).toEqual(wanted);
    }
    // Both ways were taken often.
    expect(told).toBeGreaterThan(100);
    expect(told).toBeLessThan(500);
  });

  test("are told of in a prefix, whose own entries stand beside all others", () => {
    const parts = [{ entries: entriesOf(["bin", "bin/x"]), twins: false }, { entries: entriesOf(["Bin"]) }];
    expect(noticeCollisionsIn(parts, "", entriesOf(["Bin", "bin", "bin/x"]))).toHaveLength(1);
  });
});
