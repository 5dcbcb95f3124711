import type { FileSource, PlannedEntry, PlannedFile } from "../../archive/entry.js";
import { fileIn, ListedFile, type SourceRoot } from "../../listing/listed-folder.js";

/**
 * Planned entries as columns: a few long strings and arrays cross to another thread at a tenth of the
 * cost of a few hundred small objects.
 */
export interface EntryColumns {
  /** One letter an entry: d, s (symbolic link), h and H (hard link, executable), f and x (file, executable). */
  readonly kinds: string;
  /** Joined by NUL, which no path holds. */
  readonly paths: string;
  /**
   * Joined by NUL: a link's target; of a file the number of its place, from which its path tells where it lies,
   * or where it lies otherwise, or "" for made content.
   */
  readonly others: string;
  readonly places: readonly SourceRoot[];
  /** Six numbers a file: size, then dev, ino, size, mtimeMs and ctimeMs of its identity. */
  readonly numbers: Float64Array<ArrayBuffer>;
  /** All made content in one piece. */
  readonly made: Uint8Array<ArrayBuffer>;
}

const NUMBERS = 6;

export function toColumns(entries: readonly PlannedEntry[]): EntryColumns {
  const places: SourceRoot[] = [];
  const kinds: string[] = [];
  const paths: string[] = [];
  const others: string[] = [];
  const numbers = new Float64Array(countFiles(entries) * NUMBERS);
  let at = 0;
  const made: Uint8Array[] = [];
  // By index, as all that goes over every entry: code that is not optimized yet makes an object a step of an iterator.
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index] as PlannedEntry;
    kinds.push(kindOf(entry));
    paths.push(entry.path);
    others.push(otherOf(entry, places));
    if (entry.type !== "file") continue;
    writeNumbers(entry, numbers, at);
    at += NUMBERS;
    if (entry.source.kind === "bytes") made.push(entry.source.bytes);
  }
  return {
    kinds: kinds.join(""),
    paths: paths.join("\0"),
    others: others.join("\0"),
    places,
    numbers,
    made: new Uint8Array(Buffer.concat(made)),
  };
}

function countFiles(entries: readonly PlannedEntry[]): number {
  let count = 0;
  for (let index = 0; index < entries.length; index++) if (entries[index]?.type === "file") count++;
  return count;
}

function writeNumbers({ size, source }: PlannedFile, to: Float64Array, at: number): void {
  to[at] = size;
  if (source instanceof ListedFile) source.writeIdentity(to, at + 1);
  else if (source.kind === "disk") {
    const { dev, ino, size: own, mtimeMs, ctimeMs } = source.identity;
    to.set([dev, ino, own, mtimeMs, ctimeMs], at + 1);
  }
}

/** When a file of these was last changed, by its ctime in milliseconds; 0 where there is none. */
export function fileChanges({ numbers }: EntryColumns): number {
  let last = 0;
  for (let at = NUMBERS - 1; at < numbers.length; at += NUMBERS) last = Math.max(last, numbers[at] ?? 0);
  return last;
}

export function* fromColumns({ kinds, paths, others, places, numbers, made }: EntryColumns): Generator<PlannedEntry> {
  const allPaths = paths.split("\0");
  const allOthers = others.split("\0");
  let file = 0;
  let at = 0;
  for (let index = 0; index < kinds.length; index++) {
    const kind = kinds[index];
    const path = allPaths[index] ?? "";
    const other = allOthers[index] ?? "";
    if (kind === "d") yield { type: "directory", path };
    else if (kind === "s") yield { type: "symlink", path, target: other };
    else if (kind === "h" || kind === "H") yield { type: "hardlink", path, executable: kind === "H", target: other };
    else {
      const size = numbers[file * NUMBERS] ?? 0;
      const source =
        other === ""
          ? { kind: "bytes" as const, bytes: made.subarray(at, at + size) }
          : diskSource(fileOf(path, other, places), numbers, file);
      if (source.kind === "bytes") at += size;
      file++;
      yield { type: "file", path, executable: kind === "x", size, source };
    }
  }
}

/** The file that columns of one entry tell of. */
export function fileOfColumns(columns: EntryColumns): PlannedFile {
  const [entry] = fromColumns(columns);
  if (entry?.type !== "file") throw new Error("these columns tell of no file");
  return entry;
}

function diskSource(file: string, numbers: Float64Array, index: number): FileSource {
  const number = (which: number): number => numbers[index * NUMBERS + which] ?? 0;
  return { kind: "disk", file, identity: { dev: number(1), ino: number(2), size: number(3), mtimeMs: number(4), ctimeMs: number(5) } };
}

/** No number is a path from the root. */
function fileOf(path: string, other: string, places: readonly SourceRoot[]): string {
  const place = places[Number(other)];
  return place === undefined ? other : fileIn(place, path);
}

function kindOf(entry: PlannedEntry): string {
  if (entry.type === "file") return entry.executable ? "x" : "f";
  if (entry.type === "hardlink") return entry.executable ? "H" : "h";
  return entry.type[0] ?? "";
}

function otherOf(entry: PlannedEntry, places: SourceRoot[]): string {
  if (entry.type === "directory") return "";
  if (entry.type !== "file") return entry.target;
  const { source } = entry;
  if (source.kind === "bytes") return "";
  const place = source instanceof ListedFile ? source.placeOf(entry.path) : null;
  if (place === null) return source.file;
  const known = places.indexOf(place);
  return String(known === -1 ? places.push(place) - 1 : known);
}
