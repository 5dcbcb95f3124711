import type { Fixup, FixupPlace } from "../manifest/fixup.js";
import { fitPath, languageOf, writePath, writtenForms } from "./quoting.js";
import type { Language } from "./language.js";
import { spellLike } from "./spelling.js";
import { GrowingBytes } from "./growing-bytes.js";
import { append } from "../support/append.js";

/**
 * A stretch of a file's original content that a fix-up replaces as a whole. In text it is a place; in
 * a binary it is the string from its first place to the NUL that ends it, because what stands behind
 * a place moves up when the new root is shorter, and the NULs behind that which are known to be spare.
 */
export interface Segment {
  /** Offset in the original content. */
  readonly at: number;
  readonly original: Buffer;
  /** The fix-up's places that lie in it. */
  readonly places: readonly FixupPlace[];
}

/** A place that keeps naming the old root, and why: a clause that reads on after the file's name. */
export interface UnfitPlace {
  readonly at: number;
  readonly reason: string;
}

/** Bytes. Strings of native programs that name a path are no longer than a path may be. */
const LONGEST_STRING = 4096;

/** Bytes. Linux reads 255 of a script's first line (BINPRM_BUF_SIZE), which ends in "/bin/node" and options. */
const LONGEST_INTERPRETER = 200;

/**
 * Takes the segments out of a file's original content; what cannot be mended at all is told apart. Equal
 * stretches share their bytes: a file may name a root in a million places.
 */
export function cutSegments(content: Buffer, fixup: Fixup): { segments: Segment[]; unfit: UnfitPlace[] } {
  if (fixup.kind === "text") {
    const originals = new Map<string, Buffer>();
    const segments = fixup.places.map((place) => cutText(content, place, originals));
    return { segments, unfit: [] };
  }
  const segments: Segment[] = [];
  const unfit: UnfitPlace[] = [];
  for (const [end, places] of groupByString(content, fixup.places)) {
    const first = places[0] as FixupPlace;
    const isString =
      end !== -1 && end - first.at <= LONGEST_STRING && !/[\0-\x08\x0e-\x1f\x7f]/.test(content.toString("latin1", first.at, end));
    if (isString) {
      segments.push(cut(content, first.at, end + spareBehind(content, end, (fixup.spare ?? 0) * places.length), places));
    } else {
      append(
        unfit,
        places.map(({ at }) => ({ at, reason: "names the old place in binary data that is no NUL-terminated string" })),
      );
    }
  }
  return { segments, unfit };
}

/** A NUL-terminated string is known by the offset of its NUL; -1 where there is none. */
function groupByString(content: Buffer, places: readonly FixupPlace[]): Map<number, FixupPlace[]> {
  const groups = new Map<number, FixupPlace[]>();
  for (const place of places) {
    const end = content.indexOf(0, place.at + place.length);
    const group = groups.get(end);
    if (group === undefined) groups.set(end, [place]);
    else group.push(place);
  }
  return groups;
}

function cutText(content: Buffer, place: FixupPlace, originals: Map<string, Buffer>): Segment {
  const text = content.toString("latin1", place.at, place.at + place.length);
  let original = originals.get(text);
  if (original === undefined) {
    original = Buffer.from(text, "latin1");
    originals.set(text, original);
  }
  return { at: place.at, original, places: [place] };
}

function cut(content: Buffer, at: number, end: number, places: readonly FixupPlace[]): Segment {
  return { at, original: Buffer.from(content.subarray(at, end)), places };
}

/** How many of the NULs from `end` on the string may grow into: the last one goes on ending it. */
function spareBehind(content: Buffer, end: number, most: number): number {
  let spare = 0;
  while (spare < most && content[end + spare + 1] === 0) spare += 1;
  return spare;
}

/** Where the string ends in a segment of a binary: what follows are spare NULs. */
function withoutSpare(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return end === -1 ? bytes : bytes.subarray(0, end);
}

/** What of a file decides how a path is written into it: the same before a rewrite and after it. */
interface WriteStyle {
  readonly kind: Fixup["kind"];
  /** Who reads it. */
  readonly language: Language;
  /** It begins with "#!", so that the path at its third byte is a program. */
  readonly script: boolean;
}

function readWriteStyle(content: Buffer, { kind, path }: Fixup): WriteStyle {
  return { kind, language: languageOf(path, content), script: content.toString("latin1", 0, 2) === "#!" };
}

function folderOf({ root: arcpath }: FixupPlace, root: string): string {
  return arcpath === "" ? root : `${root === "/" ? "" : root}/${arcpath}`;
}

/** A text's place as it is written for a new root, or why it keeps naming the old one. */
function renderPlace(content: Buffer, place: FixupPlace, original: string, manner: WriteStyle, root: string): Buffer | UnfitPlace {
  const folder = folderOf(place, root);
  const { at, length, spelling } = place;
  if (spelling === "url" || spelling === "percent") return Buffer.from(spellLike(folder, spelling, original));
  // "#!/opt/x/bin/node", with or without a blank: read by the kernel, not by a shell.
  if (manner.script && at <= 3 && content.toString("latin1", 2, at).trim() === "") {
    const reason = judgeInterpreter(folder);
    return reason === null ? Buffer.from(folder) : { at, reason };
  }
  const fit = fitPath(folder, manner.language, content, at, at + length);
  if ("reason" in fit) return { at, reason: fit.reason };
  if (spelling === "escaped") {
    // What JSON escapes is right between double quotes; another quote it leaves alone.
    const isRight = fit.quote !== "'" || !folder.includes("'");
    return isRight
      ? Buffer.from(spellLike(folder, spelling, original))
      : { at, reason: "cannot take a path with quotes, backslashes or $" };
  }
  return Buffer.from(writePath(folder, manner.language, fit.quote));
}

function judgeInterpreter(folder: string): string | null {
  if (/["'`$\\]/.test(folder)) return "cannot take a path with quotes, backslashes or $";
  if (/\s/.test(folder)) return "is a script whose first line cannot take a path with spaces";
  return Buffer.byteLength(folder) <= LONGEST_INTERPRETER ? null : "is a script whose first line cannot take a path of that length";
}

/** A binary's string for a new root, as long as it was, or why it keeps its original bytes. */
function renderString(segment: Segment, root: string): Buffer | UnfitPlace {
  const pieces: Buffer[] = [];
  let end = 0;
  for (const place of segment.places) {
    const start = place.at - segment.at;
    const original = segment.original.toString("utf8", start, start + place.length);
    pieces.push(segment.original.subarray(end, start), Buffer.from(spellLike(folderOf(place, root), place.spelling, original)));
    end = start + place.length;
  }
  const bytes = Buffer.concat([...pieces, withoutSpare(segment.original.subarray(end))]);
  const missing = segment.original.length - bytes.length;
  if (missing >= 0) return Buffer.concat([bytes, Buffer.alloc(missing)]);
  return { at: segment.at, reason: `has no room for the new path: it is ${-missing} bytes too long` };
}

/** The segment's bytes for a new root, or why it keeps its original ones. */
function renderSegment(content: Buffer, segment: Segment, manner: WriteStyle, root: string): Buffer | UnfitPlace {
  const [place] = segment.places;
  if (manner.kind === "binary" || place === undefined) return renderString(segment, root);
  return renderPlace(content, place, segment.original.toString("utf8"), manner, root);
}

/**
 * What may stand in a rewritten file where a segment was, the longest first: whether a path fitted depended on what
 * stood around it, which is not known any more.
 */
function candidates(segment: Segment, manner: WriteStyle, root: string): Buffer[] {
  const [place] = segment.places;
  if (manner.kind === "binary" || place === undefined) {
    const rendered = renderString(segment, root);
    return [Buffer.isBuffer(rendered) ? rendered : segment.original];
  }
  const folder = folderOf(place, root);
  const original = segment.original.toString("utf8");
  const texts = place.spelling === "plain" ? writtenForms(folder, manner.language) : [spellLike(folder, place.spelling, original)];
  return [segment.original, ...texts.map((text) => Buffer.from(text))].sort((a, b) => b.length - a.length);
}

/** Content with every segment as `root` has it, and the places that keep the old root. */
export function rewriteContent(
  content: Buffer,
  segments: readonly Segment[],
  fixup: Fixup,
  root: string,
): { bytes: Buffer; unfit: UnfitPlace[] } {
  const manner = readWriteStyle(content, fixup);
  const rewritten = new GrowingBytes(content.length);
  const unfit: UnfitPlace[] = [];
  let end = 0;
  for (const segment of segments) {
    const rendered = renderSegment(content, segment, manner, root);
    if (!Buffer.isBuffer(rendered)) unfit.push(rendered);
    rewritten.append(content, end, segment.at);
    rewritten.append(Buffer.isBuffer(rendered) ? rendered : segment.original);
    end = segment.at + segment.original.length;
  }
  rewritten.append(content, end);
  return { bytes: rewritten.bytes(), unfit };
}

/**
 * The original content of a file that was rewritten for `root`; null where the file does not look
 * like that. The caller compares the result's digest with the archive's.
 */
export function undoContent(content: Buffer, segments: readonly Segment[], fixup: Fixup, root: string): Buffer | null {
  const manner = readWriteStyle(content, fixup);
  const original = new GrowingBytes(content.length);
  let end = 0;
  let shift = 0;
  for (const segment of segments) {
    const start = segment.at + shift;
    const written = candidates(segment, manner, root).find(
      (bytes) => start + bytes.length <= content.length && content.compare(bytes, 0, bytes.length, start, start + bytes.length) === 0,
    );
    if (start < end || written === undefined) return null;
    original.append(content, end, start);
    original.append(segment.original);
    end = start + written.length;
    shift += written.length - segment.original.length;
  }
  original.append(content, end);
  return original.bytes();
}
