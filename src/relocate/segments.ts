import type { Fixup, FixupPlace } from "./fixup.js";
import { spellLike } from "./spelling.js";

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

/** Takes the segments out of a file's original content; what cannot be mended at all is told apart. */
export function cutSegments(content: Buffer, fixup: Fixup): { segments: Segment[]; unfit: UnfitPlace[] } {
  if (fixup.kind === "text") {
    const segments = fixup.places.map((place) => cut(content, place.at, place.at + place.length, [place]));
    return { segments, unfit: [] };
  }
  const segments: Segment[] = [];
  const unfit: UnfitPlace[] = [];
  for (const [end, places] of groupByString(content, fixup.places)) {
    const first = places[0] as FixupPlace;
    const isString = end !== -1 && end - first.at <= LONGEST_STRING && !/[\0-\x08\x0e-\x1f\x7f]/.test(content.toString("latin1", first.at, end));
    if (isString) {
      segments.push(cut(content, first.at, end + spareBehind(content, end, (fixup.spare ?? 0) * places.length), places));
    } else {
      unfit.push(...places.map(({ at }) => ({ at, reason: "names the old place in binary data that is no NUL-terminated string" })));
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
interface Manner {
  readonly kind: Fixup["kind"];
  /** Its strings are JSON: quotes in a path can be escaped. */
  readonly json: boolean;
  /** It begins with "#!", so that the path at its third byte is a program. */
  readonly script: boolean;
}

function readManner(content: Buffer, { kind, path }: Fixup): Manner {
  const json = /\.(?:json|jsonc|json5|map|webmanifest)$/.test(path);
  return { kind, json, script: content.toString("latin1", 0, 2) === "#!" };
}

/** The segment's bytes for a new root, or why it keeps its original ones. */
function renderSegment(segment: Segment, manner: Manner, root: string): Buffer | UnfitPlace {
  const pieces: Buffer[] = [];
  let end = 0;
  for (const place of segment.places) {
    const start = place.at - segment.at;
    const written = spellPlace(place, segment.original.toString("utf8", start, start + place.length), manner, root);
    if (typeof written !== "string") return written;
    pieces.push(segment.original.subarray(end, start), Buffer.from(written));
    end = start + place.length;
  }
  const rest = segment.original.subarray(end);
  pieces.push(manner.kind === "binary" ? withoutSpare(rest) : rest);
  const bytes = Buffer.concat(pieces);
  if (manner.kind === "text") return bytes;
  const missing = segment.original.length - bytes.length;
  if (missing >= 0) return Buffer.concat([bytes, Buffer.alloc(missing)]);
  return { at: segment.at, reason: `has no room for the new path: it is ${-missing} bytes too long` };
}

function spellPlace(place: FixupPlace, original: string, manner: Manner, root: string): string | UnfitPlace {
  const folder = place.root === "" ? root : `${root === "/" ? "" : root}/${place.root}`;
  if (place.spelling !== "plain" || manner.kind === "binary") return spellLike(folder, place.spelling, original);
  if (manner.json) return JSON.stringify(folder).slice(1, -1);
  // Who reads the file may be a shell: a path is not to end its string, nor to be run.
  if (/["'`$\\]/.test(folder)) return { at: place.at, reason: "cannot take a path with quotes, backslashes or $" };
  if (!manner.script || place.at !== 2) return folder;
  if (/\s/.test(folder)) return { at: place.at, reason: "is a script whose first line cannot take a path with spaces" };
  return Buffer.byteLength(folder) <= LONGEST_INTERPRETER
    ? folder
    : { at: place.at, reason: "is a script whose first line cannot take a path of that length" };
}

/** Content with every segment as `root` has it, and the places that keep the old root. */
export function rewriteContent(
  content: Buffer,
  segments: readonly Segment[],
  fixup: Fixup,
  root: string,
): { bytes: Buffer; unfit: UnfitPlace[] } {
  const manner = readManner(content, fixup);
  const pieces: Buffer[] = [];
  const unfit: UnfitPlace[] = [];
  let end = 0;
  for (const segment of segments) {
    const rendered = renderSegment(segment, manner, root);
    if (!Buffer.isBuffer(rendered)) unfit.push(rendered);
    pieces.push(content.subarray(end, segment.at), Buffer.isBuffer(rendered) ? rendered : segment.original);
    end = segment.at + segment.original.length;
  }
  pieces.push(content.subarray(end));
  return { bytes: Buffer.concat(pieces), unfit };
}

/**
 * The original content of a file that was rewritten for `root`; null where the file does not look
 * like that. The caller compares the result's digest with the archive's.
 */
export function undoContent(content: Buffer, segments: readonly Segment[], fixup: Fixup, root: string): Buffer | null {
  const manner = readManner(content, fixup);
  const pieces: Buffer[] = [];
  let end = 0;
  let shift = 0;
  for (const segment of segments) {
    const rendered = renderSegment(segment, manner, root);
    const written = Buffer.isBuffer(rendered) ? rendered : segment.original;
    const start = segment.at + shift;
    if (start < end || !content.subarray(start, start + written.length).equals(written)) return null;
    pieces.push(content.subarray(end, start), segment.original);
    end = start + written.length;
    shift += written.length - segment.original.length;
  }
  pieces.push(content.subarray(end));
  return Buffer.concat(pieces);
}
