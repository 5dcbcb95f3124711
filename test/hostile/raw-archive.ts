import { createHash } from "node:crypto";
import { constants, crc32, deflateRawSync } from "node:zlib";
import { MTIME, padded, rawEntry, rawHeader } from "./raw-tar.js";

/*
 * The container, written without any of the project's code: frames, index, footer. zstd frames hold
 * raw blocks, so that no compressor is needed.
 */
export type Format = "tar.zst" | "tar.gz" | "tar";

export const FORMATS: readonly Format[] = ["tar.zst", "tar.gz", "tar"];

/** Bytes of tar, and the line that the index has of it; null: the index does not list it. */
export interface RawEntry {
  readonly tar: Buffer;
  readonly line: string | Buffer | null;
  /** Stands alone in a frame, which goes on with the file of the one before. */
  readonly part?: boolean;
  /** The frame as it stands in the archive, whatever its tar bytes are. */
  readonly encoded?: Buffer;
}

const sha256 = (bytes: string | Buffer): string => createHash("sha256").update(bytes).digest("hex");

export const fileLine = (path: string, body: string | Buffer = "x", mode = "0644"): string =>
  `{"type":"file","path":${JSON.stringify(path)},"mode":"${mode}","size":${Buffer.from(body).length},"sha256":"${sha256(body)}"}`;
export const folderLine = (path: string): string => `{"type":"directory","path":${JSON.stringify(path)}}`;
export const linkLine = (path: string, target: string, type = "symlink"): string =>
  `{"type":"${type}","path":${JSON.stringify(path)},${type === "hardlink" ? '"mode":"0644",' : ""}"target":${JSON.stringify(target)}}`;

export const file = (path: string, body: string | Buffer = "x"): RawEntry => ({
  tar: rawEntry({ name: path }, body),
  line: fileLine(path, body),
});
export const folder = (path: string): RawEntry => ({ tar: rawHeader({ name: `${path}/`, type: "5" }), line: folderLine(path) });
export const symlink = (path: string, target: string): RawEntry => ({
  tar: rawHeader({ name: path, type: "2", link: target }),
  line: linkLine(path, target),
});
export const hardlink = (path: string, target: string): RawEntry => ({
  tar: rawHeader({ name: path, type: "1", link: target }),
  line: linkLine(path, target, "hardlink"),
});

/** How one frame stands in the archive. */
export function encodeFrame(format: Format, plain: Buffer, part = false): Buffer {
  if (format === "tar") return plain;
  if (format === "tar.gz") return gzipPiece(plain, part);
  return Buffer.concat([part ? Buffer.from("5d2a4d1800000000", "hex") : Buffer.alloc(0), zstdFrame(plain)]);
}

/** RFC 8878: one segment, a content size of four bytes, raw blocks. */
export function zstdFrame(plain: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(plain.length);
  const blocks: Buffer[] = [];
  for (let at = 0; at === 0 || at < plain.length; at += 1 << 17) {
    const block = plain.subarray(at, at + (1 << 17));
    const header = Buffer.alloc(3);
    header.writeUIntLE((block.length << 3) | (at + (1 << 17) >= plain.length ? 1 : 0), 0, 3);
    blocks.push(header, block);
  }
  return Buffer.concat([Buffer.from("28b52ffda0", "hex"), size, ...blocks]);
}

/** Five empty stored blocks, whose padding has the piece's length and whether it is a part, before a flushed piece of a deflate stream. */
export function gzipPiece(
  plain: Buffer,
  part = false,
  deflated = deflateRawSync(plain, { level: 1, finishFlush: constants.Z_FULL_FLUSH }),
): Buffer {
  const bits = (25 + deflated.length) * 2 + (part ? 1 : 0);
  const blocks = [0, 5, 10, 15, 20].map((shift) => Buffer.from([((bits >> shift) & 31) << 3, 0, 0, 0xff, 0xff]));
  return Buffer.concat([...blocks, deflated]);
}

/** RFC 1952 with the empty subfield EM. */
const GZIP_START = Buffer.from("1f8b08040000000000ff0400454d0000", "hex");

/** The last block, CRC-32 and length of the one gzip member, before the footer's. */
function gzipEnd(tar: Buffer, before: number, bytes: number): Buffer {
  const end = Buffer.from("03000000000000000000", "hex");
  end.writeUInt32LE(crc32(tar, before), 2);
  end.writeUInt32LE((bytes + tar.length) % 2 ** 32, 6);
  return end;
}

function sealFooter(format: Format, payload: Buffer): Buffer {
  if (format === "tar") return padded(payload);
  if (format === "tar.gz") {
    return Buffer.concat([Buffer.from("1f8b08040000000000ffc4004546c000", "hex"), payload, Buffer.from("03000000000000000000", "hex")]);
  }
  return Buffer.concat([Buffer.from("5e2a4d18c0000000", "hex"), payload]);
}

/** An archive, frame by frame. */
export interface RawArchive {
  /** Each frame's entries, in order. */
  readonly frames: readonly (readonly RawEntry[])[];
  /** Changes the index's lines, its newline excluded. */
  readonly lines?: (lines: (string | Buffer)[]) => (string | Buffer)[];
  /** What stands in place of the index's own header. */
  readonly indexHeader?: (size: number) => Buffer;
  /** What stands behind the index's body: by default its padding and the end mark. */
  readonly tail?: (padding: Buffer) => Buffer;
  readonly footer?: (payload: Buffer) => void;
  readonly arcroot?: string;
  readonly mtime?: number;
}

/** Puts an archive together, with every digest, checksum and total right unless it is changed on purpose. */
export function buildArchive(format: Format, archive: RawArchive): Buffer {
  const pieces: Buffer[] = [];
  const lines: (string | Buffer)[] = [
    `{"index":1,"format":"${format}","arcroot":"${archive.arcroot ?? ""}","mtime":${archive.mtime ?? MTIME}}`,
  ];
  let at = 0;
  let entries = 0;
  let bytes = 0;
  let whole = 0;
  let tarBytes = 0;
  for (const frame of archive.frames) {
    const tar = Buffer.concat(frame.map((entry) => entry.tar));
    const own = frame[0]?.encoded ?? encodeFrame(format, tar, frame[0]?.part ?? false);
    const encoded = at === 0 && format === "tar.gz" ? Buffer.concat([GZIP_START, own]) : own;
    whole = crc32(tar, whole);
    tarBytes += tar.length;
    lines.push(`{"frame":{"at":${at},"size":${encoded.length},"tar":${tar.length},"crc32":${crc32(encoded)}}}`);
    for (const { line } of frame) {
      if (line === null) continue;
      lines.push(line);
      entries++;
      bytes += Number(/"size":(\d+)/.exec(line.toString("latin1"))?.[1] ?? 0);
    }
    pieces.push(encoded);
    at += encoded.length;
  }
  lines.push(`{"end":{"entries":${entries},"bytes":${bytes},"frames":${archive.frames.length}}}`);
  return Buffer.concat([
    ...pieces,
    ...encodeIndex(format, archive, { at, crc32: whole, bytes: tarBytes }, archive.lines?.(lines) ?? lines),
  ]);
}

function encodeIndex(
  format: Format,
  archive: RawArchive,
  { at, crc32: whole, bytes: tarBytes }: { readonly at: number; readonly crc32: number; readonly bytes: number },
  lines: readonly (string | Buffer)[],
): Buffer[] {
  const index = Buffer.concat(lines.flatMap((line) => [Buffer.from(line), Buffer.from("\n")]));
  const header = archive.indexHeader?.(index.length) ?? rawHeader({ name: ".envpack/index.jsonl", size: index.length });
  const padding = Buffer.alloc(((512 - (index.length % 512)) % 512) + 1024);
  const rest = Buffer.concat([index, archive.tail?.(padding) ?? padding]);
  const frames = [encodeFrame(format, header)];
  for (let from = 0; from < rest.length; from += 4 << 20) frames.push(encodeFrame(format, rest.subarray(from, from + (4 << 20)), true));
  const crc = frames.reduce((chain, frame) => {
    const own = Buffer.alloc(4);
    own.writeUInt32LE(crc32(frame));
    return crc32(own, chain);
  }, 0);
  const payload = Buffer.alloc(192);
  payload.write("envpack\0", 0, "latin1");
  payload.writeUInt32LE(1, 8);
  payload.writeBigUInt64LE(BigInt(at), 16);
  payload.writeBigUInt64LE(BigInt(frames.reduce((sum, frame) => sum + frame.length, 0)), 24);
  payload.writeBigUInt64LE(BigInt(header.length + rest.length), 32);
  payload.writeBigUInt64LE(BigInt(index.length), 40);
  payload.write(sha256(index), 48, "hex");
  payload.writeUInt32LE(crc, 80);
  archive.footer?.(payload);
  payload.writeUInt32LE(crc32(payload.subarray(0, 188)), 188);
  const tar = Buffer.concat([header, rest]);
  return [...frames, ...(format === "tar.gz" ? [gzipEnd(tar, whole, tarBytes)] : []), sealFooter(format, payload)];
}
