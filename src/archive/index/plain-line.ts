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
const FILE = /\{"type":"file","path":"([ !#-[\]-\u007f]+)","mode":"(0644|0755)","size":(0|[1-9][0-9]{0,15}),"sha256":"([0-9a-f]{64})"\}\n/y;
const DIRECTORY = /\{"type":"directory","path":"([ !#-[\]-\u007f]+)"\}\n/y;

/** Where the two differ first, and what a file has there. */
const KIND_AT = '{"type":"'.length;
const KIND_OF_FILE = "f".charCodeAt(0);

/**
 * Decodes such a line. Path and digest become parts of the text, which stays in memory with them: strings of
 * their own would take as much again.
 *
 * @param text lines of an index, a character a byte
 * @param at where the line begins
 * @returns null for any other line, right or wrong
 */
export function decodePlainLine(text: string, at: number): FileEntry | DirectoryEntry | null {
  return text.charCodeAt(at + KIND_AT) === KIND_OF_FILE ? decodeFile(text, at) : decodeDirectory(text, at);
}

function decodeFile(text: string, at: number): FileEntry | null {
  FILE.lastIndex = at;
  const match = FILE.exec(text);
  if (match === null) return null;
  const [, path = "", mode, digits, sha256 = ""] = match;
  const size = Number(digits);
  return Number.isSafeInteger(size) ? { type: "file", path, executable: mode === "0755", size, sha256 } : null;
}

function decodeDirectory(text: string, at: number): DirectoryEntry | null {
  DIRECTORY.lastIndex = at;
  const path = DIRECTORY.exec(text)?.[1];
  return path === undefined ? null : { type: "directory", path };
}
