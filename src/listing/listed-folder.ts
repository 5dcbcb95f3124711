import { constants, type Stats } from "node:fs";
import type { FileIdentity, PlannedFile } from "../archive/entry.js";

/** What something in a folder is, as far as packing tells things apart. */
export type FileKind = "folder" | "file" | "symlink" | "special";

/** Numbers in a row: mode, nlink, dev, ino, size, mtimeMs and ctimeMs of one lstat. */
const ROW = 7;
const MODE = 0;
const NLINK = 1;
const DEV = 2;
const INO = 3;
const SIZE = 4;
const MTIME = 5;
const CTIME = 6;

/** What a mode says of a file's kind. */
export function kindOf(mode: number): FileKind {
  const format = mode & constants.S_IFMT;
  if (format === constants.S_IFREG) return "file";
  if (format === constants.S_IFDIR) return "folder";
  return format === constants.S_IFLNK ? "symlink" : "special";
}

/** Rows that grow: a number in here takes eight bytes, and one in an object of its own three times that. */
export class Rows {
  #numbers = new Float64Array(ROW * 64);
  #length = 0;

  /** How many there are. */
  get count(): number {
    return this.#length / ROW;
  }

  /** @param stats null where lstat cannot ask */
  add(stats: Stats | null): void {
    if (this.#length === this.#numbers.length) this.#grow();
    if (stats !== null) {
      const { mode, nlink, dev, ino, size, mtimeMs, ctimeMs } = stats;
      const numbers = this.#numbers;
      const at = this.#length;
      numbers[at + MODE] = mode;
      numbers[at + NLINK] = nlink;
      numbers[at + DEV] = dev;
      numbers[at + INO] = ino;
      numbers[at + SIZE] = size;
      numbers[at + MTIME] = mtimeMs;
      numbers[at + CTIME] = ctimeMs;
    }
    this.#length += ROW;
  }

  mode(row: number): number {
    return this.#numbers[row * ROW + MODE] ?? 0;
  }

  size(row: number): number {
    return this.#numbers[row * ROW + SIZE] ?? 0;
  }

  /** All of them, in an array of just that length. */
  finish(): Float64Array<ArrayBuffer> {
    return this.#numbers.slice(0, this.#length);
  }

  #grow(): void {
    const larger = new Float64Array(this.#numbers.length * 2);
    larger.set(this.#numbers);
    this.#numbers = larger;
  }
}

/** What a folder held when it was listed: names, and what lstat said of each. */
export class ListedFolder {
  readonly #joined: string;
  readonly #numbers: Float64Array;
  readonly #first: number;

  /**
   * @param joined the names, joined by "/"
   * @param first the row of the first of them
   */
  constructor(joined: string, numbers: Float64Array, first: number) {
    this.#joined = joined;
    this.#numbers = numbers;
    this.#first = first * ROW;
  }

  /** Made anew each time. */
  get names(): readonly string[] {
    return this.#joined === "" ? [] : this.#joined.split("/");
  }

  /** Whether a pattern matches anywhere in the names. */
  mayHold(pattern: RegExp): boolean {
    return pattern.test(this.#joined);
  }

  /** Of the name at `index`, like all that follow. */
  kind(index: number): FileKind {
    return kindOf(this.mode(index));
  }

  mode(index: number): number {
    return this.#number(index, MODE);
  }

  /** Bytes. */
  size(index: number): number {
    return this.#number(index, SIZE);
  }

  /** `dev:ino` where other names may lead to the same file; else null. */
  sharedInode(index: number): string | null {
    return this.#number(index, NLINK) > 1 ? `${this.#number(index, DEV)}:${this.#number(index, INO)}` : null;
  }

  /** The file as an entry to pack. */
  file(index: number, place: SourceRoot, arcpath: string): ListedFile {
    return new ListedFile(place, arcpath, this.#numbers, this.#first + index * ROW);
  }

  #number(index: number, column: number): number {
    return this.#numbers[this.#first + index * ROW + column] ?? 0;
  }
}

/** Where a folder lies, and what it becomes in the archive. */
export interface SourceRoot {
  /** Absolute. */
  readonly root: string;
  /** "" for the archive's root. */
  readonly arcpath: string;
}

/** Where a file lies that an arcpath in a place stands for; absolute. */
export function fileIn({ root, arcpath }: SourceRoot, path: string): string {
  return arcpath === "" ? `${root}/${path}` : root + path.slice(arcpath.length);
}

/**
 * A file on the disk as an entry to pack, and its own content. All but its path is worked out when somebody
 * asks: of a million files an object each instead of two, and neither strings nor numbers of their own. So
 * nothing of it is copied by spreading it.
 */
export class ListedFile implements PlannedFile {
  readonly #place: SourceRoot;
  readonly #numbers: Float64Array;
  readonly #at: number;

  constructor(
    place: SourceRoot,
    /** The arcpath that stands for the file in its place. */
    readonly path: string,
    numbers: Float64Array,
    at: number,
  ) {
    this.#place = place;
    this.#numbers = numbers;
    this.#at = at;
  }

  get type(): "file" {
    return "file";
  }

  /** Whether its owner may run it. */
  get executable(): boolean {
    return (this.#number(MODE) & constants.S_IXUSR) !== 0;
  }

  get size(): number {
    return this.#number(SIZE);
  }

  get source(): this {
    return this;
  }

  get kind(): "disk" {
    return "disk";
  }

  /** Absolute. */
  get file(): string {
    return fileIn(this.#place, this.path);
  }

  /** The place in which the file is what this arcpath stands for; null where it goes in under another one. */
  placeOf(arcpath: string): SourceRoot | null {
    return arcpath === this.path ? this.#place : null;
  }

  /** Writes the numbers of its identity, in their order: neither an object for them nor one for each of them. */
  writeIdentity(to: Float64Array, at: number): void {
    to[at] = this.#number(DEV);
    to[at + 1] = this.#number(INO);
    to[at + 2] = this.#number(SIZE);
    to[at + 3] = this.#number(MTIME);
    to[at + 4] = this.#number(CTIME);
  }

  get identity(): FileIdentity {
    return {
      dev: this.#number(DEV),
      ino: this.#number(INO),
      size: this.#number(SIZE),
      mtimeMs: this.#number(MTIME),
      ctimeMs: this.#number(CTIME),
    };
  }

  #number(column: number): number {
    return this.#numbers[this.#at + column] ?? 0;
  }
}
