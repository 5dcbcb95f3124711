import { expect, test } from "vitest";
import type { DirectoryEntry, FileEntry } from "../../src/archive/entry.js";
import { decodeIndex, IndexDecoder } from "../../src/archive/index/index-file.js";
import { decodeLine, encodeEnd, encodeEntry, encodeFrame, encodeHead, MAX_LINE } from "../../src/archive/index/index-lines.js";
import { decodePlainLine } from "../../src/archive/index/plain-line.js";

const SHA256 = "0123456789abcdef".repeat(4);

function file(path: string, size = 12, executable = false): FileEntry {
  return { type: "file", path, executable, size, sha256: SHA256 };
}

const folder = (path: string): DirectoryEntry => ({ type: "directory", path });

function lineOf(entry: FileEntry | DirectoryEntry): string {
  return encodeEntry(entry).slice(0, -1);
}

function decode(line: string | Buffer): FileEntry | DirectoryEntry | null {
  const lines = Buffer.concat([Buffer.from(line), Buffer.from("\n")]);
  const decoded = decodePlainLine(lines, lines.toString("latin1"), 0);
  // In the middle of other lines it is the same line.
  const before = Buffer.from(encodeEntry(file("before")));
  const within = Buffer.concat([before, lines, Buffer.from(encodeEntry(file("after")))]);
  expect(decodePlainLine(within, within.toString("latin1"), before.length)).toEqual(decoded);
  return decoded;
}

test.each([
  file("a"),
  file("a/b c.js", 0),
  file("~!@#$%^&*()'<>?,.:;[]{}|+=`-_", 1, true),
  file("x".repeat(4096), 9),
  file("del\u007f"),
  file("a", Number.MAX_SAFE_INTEGER),
  file('{"type":"file"}'.replaceAll('"', "'")),
  folder("a/b c"),
  folder("file"),
])("a plain line is decoded as it was written: $type, $path", (entry) => {
  expect(decode(lineOf(entry))).toEqual(entry);
});

test.each([file('a"b'), file("a\\b"), file("a\nb"), file("ü"), file("\u{1f600}/x"), file(""), file("\u0000"), folder("ü"), folder('a"')])(
  "a path that is no plain ASCII is left to the general way, which reads it: $path",
  (entry) => {
    const line = lineOf(entry);
    expect(decode(line)).toBeNull();
    expect(decodeLine(Buffer.from(line))).toEqual({ kind: "entry", entry });
  },
);

const LINE = lineOf(file("a/b.js"));

test.each([
  ["a size with a zero before it", LINE.replace(":12,", ":012,")],
  ["a size that is negative", LINE.replace(":12,", ":-12,")],
  ["a size with a fraction", LINE.replace(":12,", ":1.5,")],
  ["a size in powers of ten", LINE.replace(":12,", ":1e2,")],
  ["no size", LINE.replace(":12,", ":,")],
  ["a size that no number holds", LINE.replace(":12,", ":9007199254740992,")],
  ["a size of 17 digits", LINE.replace(":12,", ":10000000000000000,")],
  ["a size of 400 digits", LINE.replace(":12,", `:${"1".repeat(400)},`)],
  ["another mode", LINE.replace("0644", "0777")],
  ["a digest in capitals", LINE.replace("abcdef", "ABCDEF")],
  ["a digest one digit short", LINE.replace(SHA256, SHA256.slice(1))],
  ["a digest one digit long", LINE.replace(SHA256, `0${SHA256}`)],
  ["a digest of other letters", LINE.replace("abcdef", "abcdeg")],
  ["a space", LINE.replace('"size":', '"size": ')],
  ["another order", LINE.replace('"type":"file","path":"a/b.js"', '"path":"a/b.js","type":"file"')],
  ["another type", LINE.replace('"file"', '"flie"')],
  ["one more field", LINE.replace('"}', '","more":1}')],
  ["a field twice", LINE.replace(',"size"', ',"mode":"0644","size"')],
  ["something behind it", `${LINE} `],
  ["something before it", ` ${LINE}`],
  ["a raw control character", LINE.replace("a/b", "a\tb")],
  ["bytes that are no UTF-8", Buffer.concat([Buffer.from(LINE.slice(0, 24)), Buffer.of(0xff), Buffer.from(LINE.slice(24))])],
  ["a surrogate as bytes", Buffer.concat([Buffer.from(LINE.slice(0, 24)), Buffer.of(0xed, 0xa0, 0x80), Buffer.from(LINE.slice(24))])],
  ["a folder with a mode", '{"type":"directory","path":"a","mode":"0755"}'],
  ["a folder without a path", '{"type":"directory"}'],
  ["nothing", ""],
])("a line with %s is refused", (_, line) => {
  expect(decode(line)).toBeNull();
  expect(() => decodeLine(Buffer.from(line))).toThrow(expect.objectContaining({ code: "ARCHIVE_CORRUPT" }));
});

test.each([file("a/b.js"), folder("a/b")])(
  "a line that is cut, or has one byte more, fewer or another one, is refused, or is what would be written: $type",
  (whole) => {
    const bytes = Buffer.from(lineOf(whole));
    const others = Array.from(bytes.keys(), (at) => [
      bytes.subarray(0, at),
      bytes.subarray(at + 1),
      Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]),
      Buffer.concat([bytes.subarray(0, at), Buffer.from('"'), bytes.subarray(at)]),
      ...Array.from('0aA"\\ \u007f', (one) => Buffer.concat([bytes.subarray(0, at), Buffer.from(one), bytes.subarray(at + 1)])),
    ]).flat();
    let read = 0;
    for (const other of others) {
      const entry = decode(other);
      if (entry === null) continue;
      expect(lineOf(entry)).toBe(other.toString());
      read++;
    }
    expect(read).toBeGreaterThan(20);
  },
);

test("an index is the same wherever its bytes are cut", () => {
  const entries = [folder("a"), file("a/a.js"), file("ü\u{1f600}.js", 3, true), file("z")];
  const content = Buffer.from(
    [
      encodeHead({ format: "tar.zst", arcroot: "", mtime: 0 }),
      encodeFrame({ at: 0, size: 9, tar: 4096, crc32: 1 }),
      ...entries.map(encodeEntry),
      encodeEnd({ entries: 4, bytes: 27, frames: 1 }),
    ].join(""),
  );
  const expected = decodeIndex(content);
  expect(expected.entries).toEqual(entries);
  for (let cut = 0; cut <= content.length; cut++) {
    const decoder = new IndexDecoder(null);
    decoder.push(content.subarray(0, cut));
    decoder.push(content.subarray(cut));
    expect(decoder.finish(), String(cut)).toEqual(expected);
  }
});

test("an index that is many texts long is read whole, whatever stands where one of them ends", () => {
  const entries = Array.from({ length: 9000 }, (_, at) => file(`${at % 7 === 0 ? "ü" : "u"}/${"x".repeat(at % 211)}${at}`, at));
  const content = Buffer.from(
    [
      encodeHead({ format: "tar.zst", arcroot: "", mtime: 0 }),
      encodeFrame({ at: 0, size: 9, tar: 4096, crc32: 1 }),
      ...entries.map(encodeEntry),
      encodeEnd({ entries: 9000, bytes: 4500 * 8999, frames: 1 }),
    ].join(""),
  );
  const decoder = new IndexDecoder(null);
  for (let at = 0; at < content.length; at += 700_001) decoder.push(content.subarray(at, at + 700_001));
  expect(decoder.finish().entries).toEqual(entries);
});

test("a line that is too long is refused before its end is seen", () => {
  const decoder = new IndexDecoder(null);
  decoder.push(Buffer.alloc(MAX_LINE, 0x20));
  expect(() => decoder.push(Buffer.of(0x20))).toThrow(/a line is too long/);
});

test.each([1, 10])("a line %i times as long as a line may be is refused where its end is there too", (times) => {
  const head = Buffer.from(encodeHead({ format: "tar.zst", arcroot: "", mtime: 0 }));
  const line = Buffer.from(encodeEntry(file("x".repeat(times * MAX_LINE))));
  expect(() => {
    new IndexDecoder(null).push(Buffer.concat([head, line, line]));
  }).toThrow(/a line is too long/);
});
