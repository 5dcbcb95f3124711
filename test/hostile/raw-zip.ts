import { createHash } from "node:crypto";
import { crc32, deflateRawSync } from "node:zlib";
import { readHost } from "../../src/manifest/host.js";
import { MANIFEST } from "../manifest/sample.js";
import { fileLine, folderLine, linkLine } from "./raw-archive.js";
import { MTIME } from "./raw-tar.js";

/*
 * Zips, written without any of the project's code: local headers, directory, end records, and the
 * footer in the directory's last record. Every number is right unless a row changes it on purpose.
 */
const platform = await readHost();

/** An entry's two headers and its data, each as a row may change it. */
export interface RawZipEntry {
  readonly name: string | Buffer;
  readonly kind: "f" | "x" | "d" | "s";
  readonly body: Buffer;
  /** What the index has of it; null: nothing. */
  readonly line: string | Buffer | null;
  readonly local?: (header: Buffer) => Buffer;
  readonly central?: (record: Buffer) => Buffer;
  /** Stands in the place of the body. */
  readonly data?: Buffer;
  readonly method?: number;
  /** Without a record in the directory. */
  readonly hidden?: boolean;
}

export interface RawZip {
  readonly inside?: readonly RawZipEntry[];
  readonly lines?: (lines: (string | Buffer)[]) => (string | Buffer)[];
  readonly manifest?: (manifest: Record<string, unknown>) => unknown;
  /** Changes the directory's records, the index's own excluded. */
  readonly records?: (records: Buffer[]) => Buffer[];
  /** Stands between the index and the directory. */
  readonly before?: Buffer;
  readonly end?: (end: Buffer) => Buffer;
  readonly footer?: (payload: Buffer) => void;
  /** The deflated index. */
  readonly index?: (deflated: Buffer) => Buffer;
  readonly indexRecord?: (record: Buffer) => Buffer;
}

const u16 = (value: number): Buffer => Buffer.from([value & 0xff, (value >>> 8) & 0xff]);
const u32 = (value: number): Buffer => Buffer.concat([u16(value & 0xffff), u16(value >>> 16)]);
const u64 = (value: number): Buffer => Buffer.concat([u32(value % 2 ** 32), u32(Math.floor(value / 2 ** 32))]);
const sha256 = (bytes: Buffer): Buffer => createHash("sha256").update(bytes).digest();

/** 1985-10-26 08:15:00, in DOS' bits. */
const DOS_TIME = Buffer.from("e0415a0b", "hex");
const MODES = { f: 0o100644, x: 0o100755, d: 0o040755, s: 0o120777 };

export const zipFile = (name: string, body: string | Buffer = "x", more: Partial<RawZipEntry> = {}): RawZipEntry => ({
  name,
  kind: "f",
  body: Buffer.from(body),
  line: fileLine(name, body),
  ...more,
});
export const zipFolder = (name: string, more: Partial<RawZipEntry> = {}): RawZipEntry => ({
  name: `${name}/`,
  kind: "d",
  body: Buffer.alloc(0),
  line: folderLine(name),
  ...more,
});
export const zipLink = (name: string, target: string, more: Partial<RawZipEntry> = {}): RawZipEntry => ({
  name,
  kind: "s",
  body: Buffer.from(target),
  line: linkLine(name, target),
  ...more,
});

/** Changes bytes of a header. */
export const put =
  (at: number, bytes: string | Buffer) =>
  (header: Buffer): Buffer => {
    Buffer.from(bytes).copy(header, at);
    return header;
  };

/** Puts an extra field before all others of a header. */
export const withExtra =
  (extra: Buffer, isLocal: boolean) =>
  (header: Buffer): Buffer => {
    const [nameAt, start] = isLocal ? [26, 30] : [28, 46];
    const at = start + header.readUInt16LE(nameAt);
    header.writeUInt16LE(header.readUInt16LE(nameAt + 2) + extra.length, nameAt + 2);
    return Buffer.concat([header.subarray(0, at), extra, header.subarray(at)]);
  };

interface Packed {
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
}

const common = (flags: number, { method, crc, packed, size }: Packed): Buffer =>
  Buffer.concat([u16(20), u16(flags), u16(method), DOS_TIME, u32(crc), u32(packed), u32(size)]);
const extras = (kind: string, size: number): Buffer =>
  Buffer.concat([Buffer.from("5554050001", "hex"), u32(MTIME), Buffer.from("45500900", "hex"), Buffer.from(kind), u64(size)]);

export function localHeader(name: Buffer, kind: string, known: Packed, open = false): Buffer {
  const extra = extras(kind, known.size);
  const said = open ? { method: 8, crc: 0, packed: 0, size: 0 } : known;
  return Buffer.concat([u32(0x04034b50), common(open ? 0x0808 : 0x0800, said), u16(name.length), u16(extra.length), name, extra]);
}

function centralRecord(name: Buffer, kind: keyof typeof MODES, known: Packed, at: number, open = false, last = Buffer.alloc(0)): Buffer {
  const extra = Buffer.concat([extras(kind, known.size), last]);
  const attributes = MODES[kind] * 2 ** 16 + (kind === "d" ? 16 : 0);
  return Buffer.concat([
    u32(0x02014b50),
    u16(0x0314),
    common(open ? 0x0808 : 0x0800, known),
    u16(name.length),
    u16(extra.length),
    u16(0),
    u16(0),
    u16(0),
    u32(attributes),
    u32(at),
    name,
    extra,
  ]);
}

/** What a body is packed to: deflated where that is shorter. */
function packBody({ kind, body, method, data }: RawZipEntry): { readonly known: Packed; readonly bytes: Buffer } {
  const deflated = deflateRawSync(body);
  const deflate = kind !== "s" && body.length > 3 && deflated.length < body.length;
  const bytes = data ?? (deflate ? deflated : body);
  return { known: { method: method ?? (deflate ? 8 : 0), crc: crc32(body), packed: bytes.length, size: body.length }, bytes };
}

const tarBytes = ({ kind, body }: RawZipEntry): number => 512 + (kind === "d" || kind === "s" ? 0 : Math.ceil(body.length / 512) * 512);

const SAMPLE = [zipFolder("app"), zipFile("app/a.js", "module.exports = 1;\n"), zipLink("app/way", "a.js"), zipFolder("bin")];

/** A zip of a small environment with something hostile in it. */
export function buildZip(zip: RawZip = {}): Buffer {
  const entries = [...SAMPLE, ...(zip.inside ?? [])];
  const counted = entries.filter(({ line }) => line !== null);
  const bytes = counted.reduce((sum, { kind, body }) => sum + (kind === "f" || kind === "x" ? body.length : 0), 0);
  const manifest = { ...MANIFEST, platform, totals: { entries: counted.length, bytes } };
  const text = `${JSON.stringify(zip.manifest?.(manifest) ?? manifest, null, 2)}\n`;
  const frames = [[zipFolder(".envpack"), zipFile(".envpack/manifest.json", text), ...entries], [zipFile(".envpack/fixups.jsonl", "")]];
  const pieces: Buffer[] = [];
  const records: Buffer[] = [];
  const lines: (string | Buffer)[] = [`{"index":1,"format":"zip","arcroot":"","mtime":${MTIME}}`];
  let at = 0;
  for (const frame of frames) {
    const from = at;
    const own: Buffer[] = [];
    for (const entry of frame) {
      const name = Buffer.from(entry.name);
      const { known, bytes: data } = packBody(entry);
      const header = localHeader(name, entry.kind, known);
      const record = centralRecord(name, entry.kind, known, at);
      own.push(entry.local?.(header) ?? header, data);
      if (entry.hidden !== true) records.push(entry.central?.(record) ?? record);
      at = from + own.reduce((sum, piece) => sum + piece.length, 0);
    }
    const all = Buffer.concat(own);
    const tar = frame.reduce((sum, entry) => sum + tarBytes(entry), 0);
    lines.push(`{"frame":{"at":${from},"size":${all.length},"tar":${tar},"crc32":${crc32(all)}}}`);
    lines.push(...frame.flatMap(({ line }) => (line === null ? [] : [line])));
    pieces.push(all);
  }
  const listed = frames.flat().filter(({ line }) => line !== null);
  const total = listed.reduce((sum, { line }) => sum + Number(/"size":(\d+)/.exec(String(line))?.[1] ?? 0), 0);
  lines.push(`{"end":{"entries":${listed.length},"bytes":${total},"frames":${frames.length}}}`);
  return Buffer.concat([...pieces, ...encodeTail(zip, at, zip.lines?.(lines) ?? lines, zip.records?.(records) ?? records)]);
}

/** The index, the directory and the end. */
function encodeTail(zip: RawZip, at: number, lines: readonly (string | Buffer)[], records: readonly Buffer[]): Buffer[] {
  const index = Buffer.concat(lines.flatMap((line) => [Buffer.from(line), Buffer.from("\n")]));
  const name = Buffer.from(".envpack/index.jsonl");
  // The writer's pieces of an index begin with two empty stored blocks; any deflate stream will do.
  const plain = deflateRawSync(index);
  const deflated = zip.index?.(plain) ?? plain;
  const known = { method: 8, crc: crc32(index), packed: deflated.length, size: index.length };
  const own = Buffer.concat([
    localHeader(name, "f", known, true),
    deflated,
    u32(0x08074b50),
    u32(known.crc),
    u32(known.packed),
    u32(known.size),
  ]);
  const payload = Buffer.alloc(192);
  payload.write("envpack\0", 0, "latin1");
  payload.writeUInt32LE(1, 8);
  payload.writeBigUInt64LE(BigInt(at), 16);
  payload.writeBigUInt64LE(BigInt(own.length), 24);
  payload.writeBigUInt64LE(BigInt(512 + Math.ceil(index.length / 512) * 512 + 1024), 32);
  payload.writeBigUInt64LE(BigInt(index.length), 40);
  sha256(index).copy(payload, 48);
  payload.writeUInt32LE(crc32(u32(crc32(own))), 80);
  zip.footer?.(payload);
  payload.writeUInt32LE(crc32(payload.subarray(0, 188)), 188);
  const record = centralRecord(name, "f", known, at, true, Buffer.concat([Buffer.from("4546c000", "hex"), payload]));
  const directory = Buffer.concat([...records, zip.indexRecord?.(record) ?? record]);
  const before = zip.before ?? Buffer.alloc(0);
  const end = endRecord(records.length + 1, directory.length, at + own.length + before.length);
  return [own, before, directory, zip.end?.(end) ?? end];
}

export function endRecord(entries: number, size: number, at: number): Buffer {
  return Buffer.concat([u32(0x06054b50), u16(0), u16(0), u16(entries), u16(entries), u32(size), u32(at), u16(0)]);
}
