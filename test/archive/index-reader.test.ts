import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { META } from "../../src/archive/entry.js";
import { headerOf } from "../../src/archive/tar/entry-header.js";
import { encodeHeader } from "../../src/archive/tar/header.js";
import { IndexReader, readIndexAgain, type IndexSink } from "../../src/archive/index/index-reader.js";

const CONTENT = Buffer.from('{"index":1,"format":"tar.gz","arcroot":"","mtime":0}\n{"end":{"entries":0,"bytes":0,"frames":0}}\n');
const SHA256 = createHash("sha256").update(CONTENT).digest("hex");
const PROMISED = { entries: 0, bytes: 0 };

/** The tar bytes of an index: header, content, padding and end mark. */
function tarOf(content: Buffer): Buffer {
  const header = encodeHeader(
    headerOf({ type: "file", path: META.index, executable: false, size: content.length }, { arcroot: "", mtime: 0 }),
  );
  return Buffer.concat([header, content, Buffer.alloc(512 - content.length + 1024)]);
}

/** Gives a sink the tar bytes in two pieces. */
function cutAt(tar: Buffer, cut: number): (sink: IndexSink) => AsyncGenerator<Buffer> {
  return async function* (sink) {
    yield sink.push(tar.subarray(0, cut));
    yield await Promise.resolve(sink.push(tar.subarray(cut)));
  };
}

async function readAgain(tar: Buffer, cut: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of readIndexAgain(cutAt(tar, cut), PROMISED, SHA256)) pieces.push(piece);
  return Buffer.concat(pieces);
}

test("an index that was decoded before comes again without its header and padding, however it is cut", async () => {
  const tar = tarOf(CONTENT);
  const reader = new IndexReader(PROMISED);
  reader.decode(reader.push(tar));
  expect(reader.finish()).toMatchObject({ sha256: SHA256, bytes: CONTENT.length });
  for (const cut of [512, 520, 512 + CONTENT.length, tar.length - 1]) {
    expect((await readAgain(tar, cut)).equals(CONTENT), String(cut)).toBe(true);
  }
});

test("another index of the same length, a shorter one, and one with something behind it are refused", async () => {
  const other = Buffer.from(CONTENT);
  other[10] = 0x32;
  await expect(readAgain(tarOf(other), 512)).rejects.toThrow(/index changed while it was read/);
  await expect(readAgain(tarOf(CONTENT).subarray(0, -1), 512)).rejects.toThrow(/end mark is missing/);
  await expect(readAgain(Buffer.concat([tarOf(CONTENT), Buffer.alloc(1024)]), 512)).rejects.toThrow(/stands behind its end mark/);
});
