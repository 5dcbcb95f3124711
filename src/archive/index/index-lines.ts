import { isAscii } from "node:buffer";
import { EnvpackError } from "../../support/errors.js";
import type { Entry } from "../entry.js";
import { archiveFormat, type ArchiveFormat } from "../formats.js";

/** The version of the index that this envpack writes, and the only one that it reads. */
export const INDEX_VERSION = 1;

/** Bytes of the longest line: two paths, every byte escaped. */
export const MAX_LINE = 64 << 10;

/** The first line: what holds for the whole archive. */
export interface IndexHead {
  readonly format: ArchiveFormat;
  readonly arcroot: string;
  /** As of TarShape. */
  readonly mtime: number;
  readonly times?: "content";
}

/** A frame: where it stands in the archive, and how much it holds. */
export interface FrameRecord {
  /** Offset in the archive, and bytes there. */
  readonly at: number;
  readonly size: number;
  /** Tar bytes in it. */
  readonly tar: number;
  /** CRC-32 of the bytes in the archive: it also covers bits that a decompressor ignores. */
  readonly crc32: number;
}

export interface IndexTotals {
  readonly entries: number;
  /** Bytes of content. */
  readonly bytes: number;
  readonly frames: number;
}

export type IndexLine =
  | { readonly kind: "head"; readonly head: IndexHead }
  | { readonly kind: "frame"; readonly frame: FrameRecord }
  | { readonly kind: "entry"; readonly entry: Entry }
  | { readonly kind: "end"; readonly totals: IndexTotals };

export function encodeHead({ format, arcroot, mtime, times }: IndexHead): string {
  return `${JSON.stringify({ index: INDEX_VERSION, format, arcroot, mtime, times })}\n`;
}

export function encodeFrame({ at, size, tar, crc32 }: FrameRecord): string {
  return `{"frame":{"at":${at},"size":${size},"tar":${tar},"crc32":${crc32}}}\n`;
}

export function encodeEnd({ entries, bytes, frames }: IndexTotals): string {
  return `{"end":{"entries":${entries},"bytes":${bytes},"frames":${frames}}}\n`;
}

export function encodeEntry(entry: Entry): string {
  const start = `{"type":"${entry.type}","path":${quote(entry.path)}`;
  switch (entry.type) {
    case "directory":
      return `${start}}\n`;
    case "file":
      return `${start},"mode":"${modeOf(entry)}","size":${entry.size},"sha256":"${entry.sha256}"}\n`;
    case "symlink":
      return `${start},"target":${JSON.stringify(entry.target)}}\n`;
    case "hardlink":
      return `${start},"mode":"${modeOf(entry)}","target":${JSON.stringify(entry.target)}}\n`;
  }
}

/** What an entry's line begins with. */
const STARTS = { directory: Buffer.from('{"type":"directory"'), file: Buffer.from('{"type":"file"') } as const;

/** Whether the line that begins there is an entry's of that type: without making a text of it. */
export function isLineOf(type: keyof typeof STARTS, lines: Buffer, at: number): boolean {
  const start = STARTS[type];
  return lines.compare(start, 0, start.length, at, Math.min(at + start.length, lines.length)) === 0;
}

/** Behind a file's size: its digest in hex, and the line's end. */
const BEHIND_SIZE = `,"sha256":"${"0".repeat(64)}"}\n`.length;
const ZERO = 48;

/** Bytes of a file, by its line, which `encodeEntry` wrote. @param end behind the line's newline */
export function sizeInLine(lines: Buffer, end: number): number {
  let size = 0;
  let unit = 1;
  for (let at = end - BEHIND_SIZE - 1; ; at--, unit *= 10) {
    const digit = (lines[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return size;
    size += digit * unit;
  }
}

/** Nothing in it is escaped by JSON. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** As JSON.stringify, which takes longer for what needs no escape. */
function quote(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : JSON.stringify(text);
}

function modeOf({ executable }: { readonly executable: boolean }): string {
  return executable ? "0755" : "0644";
}

const UTF_8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Decodes a line, without its newline, and refuses every form but the one that is written.
 *
 * @throws EnvpackError ARCHIVE_CORRUPT, ARCHIVE_TOO_NEW
 */
export function decodeLine(line: Buffer): IndexLine {
  const text = decodeText(line);
  const decoded = interpret(parseObject(text));
  if (encodeLine(decoded) !== `${text}\n`) throw malformed();
  return decoded;
}

function decodeText(line: Buffer): string {
  if (isAscii(line)) return line.toString("latin1");
  try {
    return UTF_8.decode(line);
  } catch {
    throw malformed();
  }
}

function encodeLine(line: IndexLine): string {
  switch (line.kind) {
    case "head":
      return encodeHead(line.head);
    case "frame":
      return encodeFrame(line.frame);
    case "entry":
      return encodeEntry(line.entry);
    case "end":
      return encodeEnd(line.totals);
  }
}

function parseObject(line: string): ReadonlyMap<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === "object" && value !== null) return new Map<string, unknown>(Object.entries(value));
  } catch {
    // Told below, without the parser's words: they would quote the archive.
  }
  throw malformed();
}

function interpret(fields: ReadonlyMap<string, unknown>): IndexLine {
  if (fields.has("index")) return { kind: "head", head: interpretHead(fields) };
  if (fields.has("frame")) {
    const frame = nested(fields.get("frame"));
    const count = (key: string): number => safe(frame.get(key));
    return { kind: "frame", frame: { at: count("at"), size: count("size"), tar: count("tar"), crc32: count("crc32") } };
  }
  if (fields.has("end")) {
    const end = nested(fields.get("end"));
    const count = (key: string): number => safe(end.get(key));
    return { kind: "end", totals: { entries: count("entries"), bytes: count("bytes"), frames: count("frames") } };
  }
  return { kind: "entry", entry: interpretEntry(fields) };
}

function interpretHead(fields: ReadonlyMap<string, unknown>): IndexHead {
  const version = fields.get("index");
  if (typeof version === "number" && version > INDEX_VERSION) {
    throw new EnvpackError("ARCHIVE_TOO_NEW", `the archive's index has version ${version}, newer than this envpack reads`, {
      hint: "use a newer envpack",
    });
  }
  const format = archiveFormat(fields.get("format"));
  if (format === null) throw malformed();
  const head = { format, arcroot: text(fields.get("arcroot")), mtime: safe(fields.get("mtime")) };
  return fields.has("times") ? { ...head, times: "content" } : head;
}

function interpretEntry(fields: ReadonlyMap<string, unknown>): Entry {
  const path = text(fields.get("path"));
  const type = fields.get("type");
  if (type === "directory") return { type, path };
  const executable = fields.get("mode") === "0755";
  if (type === "symlink") return { type, path, target: text(fields.get("target")) };
  if (type === "hardlink") return { type, path, executable, target: text(fields.get("target")) };
  const sha256 = text(fields.get("sha256"));
  if (type !== "file" || !/^[0-9a-f]{64}$/.test(sha256)) throw malformed(path);
  return { type, path, executable, size: safe(fields.get("size")), sha256 };
}

function nested(value: unknown): ReadonlyMap<string, unknown> {
  if (typeof value !== "object" || value === null) throw malformed();
  return new Map<string, unknown>(Object.entries(value));
}

function text(value: unknown): string {
  if (typeof value !== "string") throw malformed();
  return value;
}

function safe(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) throw malformed();
  return value;
}

function malformed(path?: string): EnvpackError {
  return new EnvpackError("ARCHIVE_CORRUPT", "the archive's index is malformed", { path });
}
