import { createHash } from "node:crypto";
import { constants, deflateRawSync } from "node:zlib";
import { folders, withCrowd } from "./crowds.js";
import { makeHostile } from "./environment.js";
import { file, gzipPiece, zstdFrame, type Format, type RawEntry } from "./raw-archive.js";
import { rawHeader } from "./raw-tar.js";
import { hidden, listed, type Row } from "./rows.js";

/** Whole files, frames and bombs: rows 23 to 30. */
const ANY = /NOT_AN_ARCHIVE|ARCHIVE_(CORRUPT|LIMIT|UNSAFE)|DIGEST_MISMATCH/;
const good = (format: Format): Buffer => makeHostile(format, { inside: [file("app/b.js", "the body of b")] });
const only =
  (wanted: Format, make: () => Buffer) =>
  (format: Format): Buffer | null =>
    format === wanted ? make() : null;

function flip(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 4;
  return copy;
}

/** An entry whose frame is given as bytes of the archive. */
const framed = (encoded: Buffer): RawEntry => ({ ...file("app/b.js"), encoded });
/** The sample with that frame in it, and a manifest that promises more than enough: only the frame itself is at fault. */
function withFrame(format: Format, encoded: Buffer): Buffer {
  return makeHostile(format, {
    frames: (frames) => [...frames.slice(0, 1), [framed(encoded)], ...frames.slice(1)],
    manifest: (m) => ({ ...m, totals: { entries: 100, bytes: 2 ** 32 } }),
  });
}

/** Frames whose header asks for a window of 2 GiB, or for dictionary 7. */
const withWindow = (): Buffer => Buffer.from("28b52ffd80a8040000000900006465", "hex");
const withDictionary = (): Buffer => Buffer.from("28b52ffda1070400000021000061626364", "hex");

/** A zstd frame that says 4 MiB, and one that says 1 GiB, of 128 KiB blocks of four bytes each that hold 1 GiB. */
function zstdBomb(says: number): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(says);
  const block = Buffer.alloc(4);
  const blocks = Array.from({ length: 8192 }, (_, at) => {
    block.writeUIntLE((131_072 << 3) | 2 | (at === 8191 ? 1 : 0), 0, 3);
    return Buffer.from(block);
  });
  return Buffer.concat([Buffer.from("28b52ffda0", "hex"), size, ...blocks]);
}

/** 32 MiB of zeros, cut as the writer cuts a file that is larger than a frame. */
function zeros(): RawEntry[][] {
  const size = 32 << 20;
  const sha256 = createHash("sha256").update(Buffer.alloc(size)).digest("hex");
  const line = `{"type":"file","path":"app/zeros","mode":"0644","size":${size},"sha256":"${sha256}"}`;
  const frame = 4 << 20;
  const first = { tar: Buffer.concat([rawHeader({ name: "app/zeros", size }), Buffer.alloc(frame - 512)]), line };
  const rest = Array.from({ length: 7 }, () => ({ tar: Buffer.alloc(frame), line: null, part: true }));
  return [[first], ...rest.map((piece) => [piece]), [{ tar: Buffer.alloc(512), line: null, part: true }]];
}

/** A frame an entry. A plain tar is cut at fixed places, so that its frames are no matter of the index. */
function manyFrames([first = [], ...rest]: RawEntry[][]): RawEntry[][] {
  return [first, ...Array.from({ length: 300 }, (_, at) => [file(`app/f${at}`)]), ...rest];
}

const PAGE = "<!doctype html><title>404 Not Found</title>\n";
const ZIP = Buffer.from(
  "504b0304140000000000000021000000000000000000000000000100000061504b01021403140000000000000021000000000000000000000000000100000000000000000000ff21000000002f6574632f504b0506",
  "hex",
);
const CUTS = [0.1, 0.3, 0.5, 0.7, 0.9, 0.99];

export function rowsOfContainers(): Row[] {
  return [
    ...[
      ["an empty file", ""],
      ["a text", "hello\n"],
      ["a page that says 404", PAGE],
    ].map(([what, text]) => listed(23, String(what), () => Buffer.from(text ?? ""), ANY)),
    ...CUTS.map((part) =>
      listed(23, `cut off after ${part * 100} %`, (format) => good(format).subarray(0, Math.floor(good(format).length * part)), ANY),
    ),
    listed(23, "cut off by one byte", (format) => good(format).subarray(0, -1), ANY),
    listed(23, "garbage behind the end", (format) => Buffer.concat([good(format), Buffer.from("garbage")]), ANY),
    listed(23, "zeros behind the end", (format) => Buffer.concat([good(format), Buffer.alloc(10_240)]), ANY),
    listed(23, "a second archive behind the end", (format) => Buffer.concat([makeHostile(format), good(format)]), ANY),
    hidden(
      24,
      "a flipped bit in a body",
      (format) => (format === "tar.gz" ? null : flip(good(format), good(format).indexOf("the body of b"))),
      /ARCHIVE_CORRUPT.*app\/|DIGEST_MISMATCH.*app\/b\.js/,
    ),
    listed(
      24,
      "a flipped bit in a gzip CRC",
      only("tar.gz", () => flip(good("tar.gz"), good("tar.gz").indexOf(Buffer.from("1f8b08", "hex"), 100) - 8)),
      ANY,
    ),
    listed(
      24,
      "a flipped bit in a gzip length",
      only("tar.gz", () => flip(good("tar.gz"), good("tar.gz").indexOf(Buffer.from("1f8b08", "hex"), 100) - 4)),
      ANY,
    ),
    listed(
      25,
      "300 frames",
      (format) =>
        format === "tar"
          ? null
          : makeHostile(format, { frames: manyFrames, manifest: (m) => ({ ...m, totals: { entries: 400, bytes: 400 } }) }),
      "accept",
    ),
    hidden(
      26,
      "a zstd window of 2 GiB",
      only("tar.zst", () => withFrame("tar.zst", withWindow())),
      /ARCHIVE_CORRUPT/,
    ),
    hidden(
      26,
      "a zstd dictionary",
      only("tar.zst", () => withFrame("tar.zst", withDictionary())),
      /ARCHIVE_CORRUPT/,
    ),
    hidden(
      28,
      "a zstd frame of 1 GiB that says 4 MiB",
      only("tar.zst", () => withFrame("tar.zst", zstdBomb(4 << 20))),
      /ARCHIVE_CORRUPT/,
    ),
    hidden(
      28,
      "a zstd frame that says 1 GiB",
      only("tar.zst", () => withFrame("tar.zst", zstdBomb(1 << 30))),
      /ARCHIVE_CORRUPT/,
    ),
    hidden(
      28,
      "a piece of 256 MiB",
      only("tar.gz", () => withFrame("tar.gz", gzipPiece(Buffer.alloc(256 << 20), false))),
      /ARCHIVE_CORRUPT/,
    ),
    hidden(
      28,
      "an index of 1.5 million entries, 5 promised",
      only("tar.gz", () => withCrowd("tar.gz", folders)),
      ANY,
    ),
    listed(
      29,
      "32 MiB of honest zeros",
      (format) =>
        format === "tar.zst"
          ? null
          : makeHostile(format, {
              frames: (frames) => [...frames.slice(0, 1), ...zeros(), ...frames.slice(1)],
              manifest: (m) => ({ ...m, totals: { entries: 6, bytes: (32 << 20) + 20 } }),
            }),
      "accept",
    ),
    listed(30, "a zip", () => Buffer.concat([ZIP, Buffer.alloc(300)]), ANY),
    hidden(
      26,
      "a piece that ends the gzip member for other readers",
      only("tar.gz", () => withFrame("tar.gz", gzipPiece(file("app/b.js").tar, false, deflateRawSync(file("app/b.js").tar)))),
      /ARCHIVE_CORRUPT/,
    ),
    hidden(
      26,
      "a piece whose last block is another's last",
      only("tar.gz", () =>
        withFrame(
          "tar.gz",
          gzipPiece(file("app/b.js").tar, false, Buffer.concat([deflateRawSync(file("app/b.js").tar), Buffer.from("000000ffff", "hex")])),
        ),
      ),
      /ARCHIVE_CORRUPT/,
    ),
    hidden(
      26,
      "a piece that is not flushed",
      only("tar.gz", () =>
        withFrame(
          "tar.gz",
          gzipPiece(file("app/b.js").tar, false, deflateRawSync(file("app/b.js").tar, { finishFlush: constants.Z_PARTIAL_FLUSH })),
        ),
      ),
      /ARCHIVE_CORRUPT/,
    ),
    hidden(
      26,
      "a frame with bytes behind its end",
      (format) =>
        format === "tar"
          ? null
          : withFrame(
              format,
              Buffer.concat([format === "tar.gz" ? gzipPiece(file("app/b.js").tar) : zstdFrame(file("app/b.js").tar), Buffer.from("evil")]),
            ),
      /ARCHIVE_CORRUPT/,
    ),
  ];
}
