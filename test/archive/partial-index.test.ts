import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { IndexReader } from "../../src/archive/index/index-reader.js";
import { PartialIndex } from "../../src/archive/index/partial-index.js";
import { fileLine, folderLine } from "../hostile/raw-archive.js";

/* What of an index that is still read may be written already. */

const HEAD = '{"index":1,"format":"tar","arcroot":"","mtime":499162500}';
const frameLine = (at: number): string => `{"frame":{"at":${at * 512},"size":512,"tar":512,"crc32":0}}`;

function begin(): { readonly listed: PartialIndex; readonly take: (...lines: string[]) => void } {
  const listed = new PartialIndex(new IndexReader({ entries: 100, bytes: 100 }));
  const take = (...lines: string[]): void => {
    listed.take(Buffer.from(lines.map((line) => `${line}\n`).join("")));
  };
  take(HEAD, frameLine(0), folderLine("app"));
  return { listed, take };
}

/** Whether it is known by now that there is such a frame. */
async function isKnown(listed: PartialIndex, frame: number): Promise<boolean> {
  return Promise.race([listed.has(frame), setImmediate(false)]);
}

test("a frame is listed once the next one is, since until then it may get entries", async () => {
  const { listed, take } = begin();
  const first = listed.has(0);
  take(fileLine("app/a.js"));
  expect(await isKnown(listed, 0)).toBe(false);
  take(frameLine(1), fileLine("app/b.js"));
  expect(await first).toBe(true);
  expect(await isKnown(listed, 1)).toBe(false);
  listed.end(null);
  expect([await listed.has(1), await listed.has(2)]).toEqual([true, false]);
});

test("of a tree that is at fault only the frames before are listed, and at the end what is wrong", async () => {
  const { listed, take } = begin();
  take(fileLine("app/a.js"), frameLine(1), fileLine("app/b.js"));
  take(fileLine("../out"), frameLine(2), frameLine(3));
  take(frameLine(4));
  expect([await isKnown(listed, 0), await isKnown(listed, 1), await isKnown(listed, 2)]).toEqual([true, false, false]);
  const refused = { code: "ARCHIVE_UNSAFE", path: "../out" };
  expect(() => {
    listed.checkTree();
  }).toThrow(expect.objectContaining(refused));
  const waiting = listed.has(1);
  listed.end({ error: new Error("told") });
  await expect(waiting).rejects.toThrow("told");
});

test("what was decoded before a line that is malformed, and is not in the tree, is not listed", async () => {
  const { listed, take } = begin();
  expect(() => {
    take(fileLine("app/a.js"), frameLine(1), fileLine("none/b.js"), frameLine(2), "{");
  }).toThrow("malformed");
  expect([listed.frames.length, await isKnown(listed, 0), await isKnown(listed, 1)]).toEqual([3, false, false]);
});

test("a line of an entry behind the end, or before the head, is refused", () => {
  const { take } = begin();
  take('{"end":{"entries":1,"bytes":0,"frames":1}}');
  expect(() => {
    take(folderLine("lib"));
  }).toThrow("out of order");
  expect(() => {
    new PartialIndex(new IndexReader({ entries: 100, bytes: 100 })).take(Buffer.from(`${folderLine("lib")}\n`));
  }).toThrow("out of order");
});
