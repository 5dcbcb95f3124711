import { EnvpackError } from "../support/errors.js";
import { MAX_FIXUPS } from "../support/limits.js";
import { arcpath, count, folderArcpath, list, oneOf, optional, record, ShapeError, tuple, type Shape } from "./shape.js";
import type { Fixup, FixupPlace, Spelling } from "./fixup.js";

/** Bytes of a root as spelled: a path of 4095 bytes with every one written as %XX or \uXXXX. */
const LONGEST_ROOT = 6 * 4096;

type PlaceRow = [at: number, length: number, spelling: Spelling, root: string];

const places: Shape<PlaceRow[]> = list(tuple<PlaceRow>(count, count, oneOf("plain", "escaped", "percent", "url"), folderArcpath));

const line = record<{ path: string; kind: Fixup["kind"]; spare?: number; places: PlaceRow[] }>({
  path: arcpath,
  kind: oneOf("text", "binary"),
  spare: optional(count),
  places,
});

/**
 * Writes `.envpack/fixups.jsonl`: a line of JSON a file, sorted by path, each
 * `{"path": …, "kind": …, "spare": …, "places": [[at, length, spelling, root], …]}`, "spare" only
 * where there is some. Files without places are left out; without any the result is empty.
 */
export function encodeFixups(fixups: readonly Fixup[]): Uint8Array {
  const lines = fixups
    .filter((fixup) => fixup.places.length > 0)
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, kind, spare: room, places: found }) => {
      const rows = found.map(({ at, length, spelling, root }): PlaceRow => [at, length, spelling, root]);
      return `${JSON.stringify({ path, kind, ...(room ? { spare: room } : {}), places: rows })}\n`;
    });
  return Buffer.from(lines.join(""));
}

function corrupt(reason: string, number: number): EnvpackError {
  return new EnvpackError("ARCHIVE_CORRUPT", `the fix-up records are damaged: line ${number}: ${reason}`);
}

function readPlaces(rows: readonly PlaceRow[], number: number): FixupPlace[] {
  if (rows.length === 0) throw corrupt("no places", number);
  let end = 0;
  return rows.map(([at, length, spelling, root]) => {
    if (at < end) throw corrupt("places overlap or are out of order", number);
    if (length < 2 || length > LONGEST_ROOT) throw corrupt("a place of an impossible length", number);
    end = at + length;
    if (!Number.isSafeInteger(end)) throw corrupt("a place past the end of any file", number);
    return { at, length, spelling, root };
  });
}

function readLine(text: string, number: number): Fixup {
  try {
    const { path, kind, spare: room, places: rows } = line(JSON.parse(text), "record");
    if (room === undefined) return { path, kind, places: readPlaces(rows, number) };
    if (kind !== "binary" || room === 0 || room > LONGEST_ROOT) throw corrupt("room to spare where there can be none", number);
    return { path, kind, spare: room, places: readPlaces(rows, number) };
  } catch (error) {
    if (error instanceof ShapeError) throw corrupt(error.message, number);
    if (error instanceof SyntaxError) throw corrupt("it is not JSON", number);
    throw error;
  }
}

/**
 * Reads `.envpack/fixups.jsonl`. The bytes are not trusted: the records are in ascending order of
 * path, without doubles, and their places ascend without overlap. Whether a path is a file of the
 * archive, and the places lie within it, is for the one to check who has the index
 * (`assertFixupsFit`).
 *
 * @throws EnvpackError ARCHIVE_CORRUPT, ARCHIVE_LIMIT
 */
export function decodeFixups(bytes: Uint8Array): Fixup[] {
  if (bytes.length > MAX_FIXUPS) throw new EnvpackError("ARCHIVE_LIMIT", "the fix-up records are larger than 64 MiB");
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8").split("\n");
  if (lines.pop() !== "") throw corrupt("no newline at the end", lines.length + 1);
  const fixups = lines.map((text, index) => readLine(text, index + 1));
  fixups.forEach((fixup, index) => {
    const before = fixups[index - 1];
    if (before !== undefined && before.path >= fixup.path) throw corrupt("paths are out of order", index + 1);
  });
  return fixups;
}
