import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { encodeHeader } from "../../src/archive/header.js";
import { META } from "../../src/archive/entry.js";
import { headerOf } from "../../src/archive/entry-header.js";
import { KnownIndex } from "../../src/archive/index-reader.js";

const CONTENT = Buffer.from('{"index":1}\n{"end":{}}\n');
const KNOWN = { indexBytes: CONTENT.length, indexSha256: createHash("sha256").update(CONTENT).digest("hex") };

/** The tar bytes of an index: header, content, padding and end mark. */
function tarOf(content: Buffer): Buffer {
  const header = encodeHeader(headerOf({ type: "file", path: META.index, executable: false, size: content.length }, { arcroot: "", mtime: 0 }));
  return Buffer.concat([header, content, Buffer.alloc(512 - content.length + 1024)]);
}

test("an index that was decoded before comes again without its header and padding, however it is cut", () => {
  const tar = tarOf(CONTENT);
  for (const cut of [512, 520, 512 + CONTENT.length, tar.length - 1]) {
    const reader = new KnownIndex(KNOWN);
    const pieces = [reader.push(tar.subarray(0, cut)), reader.push(tar.subarray(cut))];
    expect(Buffer.concat(pieces).equals(CONTENT), String(cut)).toBe(true);
  }
});

test("another index of the same length is refused", () => {
  const other = Buffer.from(CONTENT);
  other[10] = 0x32;
  expect(() => new KnownIndex(KNOWN).push(tarOf(other))).toThrow(/index changed while it was read/);
});
