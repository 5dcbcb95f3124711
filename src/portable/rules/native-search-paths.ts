import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { posix } from "node:path";
import { fileOfBytes, type PlannedEntry, type PlannedFile } from "../../archive/entry.js";
import { readElf, type ElfFile } from "../../native/elf.js";
import { explainError } from "../../support/errors.js";
import type { Notice } from "../../support/progress.js";
import type { Bases } from "../bases.js";
import { rewriteSearchPaths } from "../../native/search-paths.js";
import { ownArcpath } from "./own-place.js";
import type { Outcome, Rule } from "./rule.js";

const LIBRARY = /\.(?:node|so(?:\.\d{1,9}){0,8})$/;

/**
 * Native files that look for their libraries in the environment's own folders by absolute paths: RPATH, RUNPATH and
 * NEEDED become relative to the file (`$ORIGIN/…`), which glibc and musl both know, but for NEEDED, which only glibc
 * expands. The program interpreter is read by the kernel, which knows no relative one. What stays is told.
 */
export const nativeSearchPaths: Rule = {
  name: "search path of a native file",
  apply: (entry: PlannedEntry, bases: Bases): Outcome | null => {
    if (entry.type !== "file" || entry.source.kind !== "disk" || entry.size < 64) return null;
    if (!(entry.executable || LIBRARY.test(entry.path))) return null;
    const { file } = entry.source;
    try {
      const elf = isElf(file) ? readElf(file, null) : null;
      return elf === null || !namesOwn(elf, bases) ? null : rewrite(entry, file, elf, bases);
    } catch (error) {
      throw explainError(error, "cannot read a native file", file);
    }
  },
};

/** Most executable files are scripts. */
function isElf(file: string): boolean {
  const head = Buffer.alloc(4);
  const descriptor = openSync(file, "r");
  try {
    return readSync(descriptor, head, 0, 4, 0) === 4 && head.toString("latin1") === "\x7fELF";
  } finally {
    closeSync(descriptor);
  }
}

function namesOwn({ needed, runPaths, interpreter }: ElfFile, bases: Bases): boolean {
  return [...needed, ...runPaths, interpreter ?? ""].some((path) => arcpathOf(path, bases) !== null);
}

/** What a path became in the archive; null for names, `$ORIGIN/…` and what lies elsewhere. */
function arcpathOf(path: string, bases: Bases): string | null {
  return path.startsWith("/") ? ownArcpath(posix.normalize(path).replace(/(?<=[^/])\/$/, ""), bases) : null;
}

function rewrite(entry: PlannedFile, file: string, elf: ElfFile, bases: Bases): Outcome {
  const folder = posix.dirname(entry.path);
  const isMusl = elf.needed.some((name) => /libc\.musl-|^libc\.so$/.test(name));
  const translate = (path: string): string | null => {
    const target = arcpathOf(path, bases);
    // musl takes the name of a needed library as it stands.
    if (target === null || (isMusl && elf.needed.includes(path))) return null;
    const way = posix.relative(folder, target);
    return way === "" ? "$ORIGIN" : `$ORIGIN/${way}`;
  };
  const content = readFileSync(file);
  const result = rewriteSearchPaths(content, translate);
  const staying = [
    ...(result?.staying.map(({ path }) => path) ?? []),
    ...(isMusl || result === null ? elf.needed : []),
    ...(result === null ? elf.runPaths : []),
    elf.interpreter ?? "",
  ];
  const notices = noticeStaying(
    entry.path,
    staying.filter((path) => arcpathOf(path, bases) !== null),
    elf,
    bases,
  );
  const changed = result?.changed === true;
  return { action: changed ? "relative" : null, entries: [changed ? fileOfBytes(entry.path, content, entry.executable) : entry], notices };
}

/** An absolute path can only be replaced by one that is no longer: so long may the path of the restored environment be. */
function noticeStaying(path: string, staying: readonly string[], { interpreter }: ElfFile, bases: Bases): Notice[] {
  const [first] = staying;
  if (first === undefined) return [];
  const room = staying.reduce((least, one) => Math.min(least, one.length - (arcpathOf(one, bases) ?? "").length - 1), Infinity);
  const what = first === interpreter ? "the kernel finds its loader" : "it finds its libraries";
  const way =
    room > 1 ? `envpack unpack and relocate write one of at most ${room} bytes` : "build it with a longer path, or with -rpath '$ORIGIN/…'";
  return [
    { code: "SEARCH_PATH_STAYS", message: `${what} by an absolute path, for which there is no relative one that fits: ${way}`, path },
  ];
}
