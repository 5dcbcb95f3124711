import type { DirectoryEntry, FileEntry } from "../entry.js";

/*
 * The lines of files and folders whose paths need no escape and are ASCII, as `encodeEntry` writes them: nearly
 * every line of an index.
 *
 *     {"type":"file","path":"a/b.js","mode":"0644","size":12,"sha256":"…64 digits…"}
 *     {"type":"directory","path":"a"}
 *
 * An expression is native code on every runtime, where a loop over the bytes is interpreted: on Node.js 20 the
 * loop took ten times as long. Each of them matches a whole line, its newline included, at `lastIndex`.
 */
const FILE = /\{"type":"file","path":"([ !#-[\]-\u007f]+)","mode":"(0644|0755)","size":(0|[1-9][0-9]{0,15}),"sha256":"[0-9a-f]{64}"\}\n/y;
const DIRECTORY = /\{"type":"directory","path":"([ !#-[\]-\u007f]+)"\}\n/y;

/** What stands before a path. */
const FILE_START = '{"type":"file","path":"'.length;
const DIRECTORY_START = '{"type":"directory","path":"'.length;

const DIGEST = 64;
/** What stands behind a digest. */
const FILE_END = '"}\n'.length;

/** Where the two differ first, and what a file has there. */
const KIND_AT = '{"type":"'.length;
const KIND_OF_FILE = "f".charCodeAt(0);

/**
 * Decodes such a line. Path and digest become strings of their own, where parts of a longer string would keep all of
 * that in memory: of a million entries a hundred MiB.
 *
 * @param lines of an index
 * @param text the same, a character a byte
 * @param at where the line begins
 * @returns null for any other line, right or wrong
 */
export function decodePlainLine(lines: Buffer, text: string, at: number): FileEntry | DirectoryEntry | null {
  return text.charCodeAt(at + KIND_AT) === KIND_OF_FILE ? decodeFile(lines, text, at) : decodeDirectory(lines, text, at);
}

function decodeFile(lines: Buffer, text: string, at: number): FileEntry | null {
  FILE.lastIndex = at;
  const match = FILE.exec(text);
  if (match === null) return null;
  const [, part = "", mode, digits] = match;
  const size = Number(digits);
  if (!Number.isSafeInteger(size)) return null;
  const path = pathOf(lines, at + FILE_START, part);
  const digestEnd = FILE.lastIndex - FILE_END;
  const sha256 = lines.toString("latin1", digestEnd - DIGEST, digestEnd);
  return { type: "file", path, executable: mode === "0755", size, sha256 };
}

function decodeDirectory(lines: Buffer, text: string, at: number): DirectoryEntry | null {
  DIRECTORY.lastIndex = at;
  const part = DIRECTORY.exec(text)?.[1];
  return part === undefined ? null : { type: "directory", path: pathOf(lines, at + DIRECTORY_START, part) };
}

/** A path as a string of its own. @param part the same, as a part of the text */
function pathOf(lines: Buffer, at: number, part: string): string {
  return lines.toString("latin1", at, at + part.length);
}
