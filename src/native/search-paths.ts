import { readImage, TAG, type DynamicEntry, type ElfImage } from "./elf-image.js";

/** What becomes of a path that a native file names; null: it stays as it is. */
export type Translate = (path: string) => string | null;

/** What could not be made relative. */
export interface StayingPath {
  readonly what: "search path" | "needed library";
  /** The path inside of the environment as it is named there. */
  readonly path: string;
}

/** Bits of DT_FLAGS and DT_FLAGS_1 that say: $ORIGIN is used. */
const ORIGIN_FLAGS: ReadonlyMap<number, number> = new Map([
  [TAG.FLAGS, 0x1],
  [TAG.FLAGS_1, 0x80],
]);

/** A string that is to be another one. */
interface Change {
  /** Entries of the dynamic section that have the string. */
  readonly entries: readonly DynamicEntry[];
  readonly offset: number;
  readonly before: string;
  readonly after: string;
}

/** Bytes of the string table that nothing refers to any more. */
interface Room {
  at: number;
  length: number;
}

/**
 * Rewrites RPATH, RUNPATH and the NEEDED libraries of an ELF file in place, so that its length stays. Where the new
 * string is longer, or other names of the file share the bytes of the old one, room is looked for among
 * what other changes left over.
 *
 * @param content is written to
 * @returns whether anything was rewritten, and what was not for want of room; null where it is no ELF file that can be read
 */
export function rewriteSearchPaths(
  content: Buffer,
  translate: Translate,
): { readonly changed: boolean; readonly staying: readonly StayingPath[] } | null {
  const image = readImage(content);
  if (image === null) return null;
  const editor = new StringEditor(content, image);
  const changes = findChanges(content, image, translate);
  const late = changes.filter((change) => !editor.writeInPlace(change));
  const left = late.filter((change) => !editor.writeElsewhere(change));
  if (left.length < changes.length) setFlags(image);
  const staying = left.flatMap(({ entries, before }) =>
    before
      .split(":")
      .filter((path) => translate(path) !== null)
      .map((path) => ({ what: whatOf(entries), path })),
  );
  return { changed: left.length < changes.length, staying };
}

function whatOf(entries: readonly DynamicEntry[]): StayingPath["what"] {
  return entries.some(({ tag }) => tag === TAG.NEEDED) ? "needed library" : "search path";
}

function findChanges(content: Buffer, image: ElfImage, translate: Translate): Change[] {
  const byOffset = new Map<number, DynamicEntry[]>();
  for (const entry of image.entries) {
    if (entry.tag !== TAG.RPATH && entry.tag !== TAG.RUNPATH && entry.tag !== TAG.NEEDED) continue;
    byOffset.set(entry.value, [...(byOffset.get(entry.value) ?? []), entry]);
  }
  return [...byOffset].flatMap(([offset, entries]) => {
    const before = textAt(content, image, offset);
    const after = entries.some(({ tag }) => tag === TAG.NEEDED) ? (translate(before) ?? before) : translateList(before, translate);
    return after === before ? [] : [{ entries, offset, before, after }];
  });
}

/** Folders that became the same are named once. */
function translateList(list: string, translate: Translate): string {
  return [...new Set(list.split(":").map((path) => translate(path) ?? path))].join(":");
}

function textAt(content: Buffer, { strings }: ElfImage, offset: number): string {
  const start = strings.at + offset;
  const end = content.indexOf(0, start);
  return offset >= strings.size || end === -1 ? "" : content.toString("utf8", start, end);
}

function setFlags(image: ElfImage): void {
  for (const entry of image.entries) {
    const flag = ORIGIN_FLAGS.get(entry.tag);
    if (flag !== undefined) image.writeValue(entry, Number(BigInt(entry.value) | BigInt(flag)));
  }
}

class StringEditor {
  readonly #content: Buffer;
  readonly #image: ElfImage;
  readonly #rooms: Room[] = [];

  constructor(content: Buffer, image: ElfImage) {
    this.#content = content;
    this.#image = image;
  }

  /** Writes a string over the old one: from its start, or up to its end where others share that. */
  writeInPlace(change: Change): boolean {
    const { offset, before, after } = change;
    const [length, room] = [Buffer.byteLength(after), Buffer.byteLength(before)];
    const shared = this.#sharedFrom(change);
    if (shared === null || length > room || this.#namesVersions(change)) return false;
    const kept = offset + room - shared;
    if (kept > 0 && !Buffer.from(after).subarray(-kept).equals(Buffer.from(before).subarray(-kept))) return false;
    // With a shared end the new string ends where the old one did.
    const start = kept > 0 ? offset + room - length : offset;
    this.#write(start, after);
    if (start > offset) this.#clear(offset, start);
    else if (length < room) this.#clear(offset + length + 1, offset + room + 1);
    this.#point(change, start);
    return true;
  }

  /** Writes a string into what others left over. */
  writeElsewhere(change: Change): boolean {
    const length = Buffer.byteLength(change.after);
    const room = this.#rooms.find((one) => one.length > length);
    if (room === undefined || this.#namesVersions(change)) return false;
    this.#write(room.at, change.after);
    this.#point(change, room.at);
    Object.assign(room, { at: room.at + length + 1, length: room.length - length - 1 });
    return true;
  }

  /**
   * The first byte of a string that another name begins at: its end where there is none; null where the string is
   * itself the end of another one.
   */
  #sharedFrom({ offset, before }: Change): number | null {
    const end = offset + Buffer.byteLength(before);
    const start = this.#content.lastIndexOf(0, this.#image.strings.at + Math.max(0, offset - 1)) + 1 - this.#image.strings.at;
    let first = end;
    for (const { offset: other } of this.#image.references) {
      if (other > offset && other < end) first = Math.min(first, other);
      if (other < offset && other >= start) return null;
    }
    return first;
  }

  /** The versions that are needed of a library name it by the same string, and the loader compares the two. */
  #namesVersions({ offset }: Change): boolean {
    return this.#image.references.some((one) => one.by === "version" && one.offset === offset);
  }

  #write(offset: number, text: string): void {
    const end = this.#content.write(text, this.#image.strings.at + offset) + this.#image.strings.at + offset;
    this.#content[end] = 0;
  }

  #clear(from: number, to: number): void {
    this.#content.fill(0, this.#image.strings.at + from, this.#image.strings.at + to);
    if (to - from > 1) this.#rooms.push({ at: from, length: to - from });
  }

  #point({ entries }: Change, offset: number): void {
    for (const entry of entries) if (entry.value !== offset) this.#image.writeValue(entry, offset);
  }
}
