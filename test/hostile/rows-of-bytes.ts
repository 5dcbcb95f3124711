import { fileLine, file, folderLine, folder, type RawEntry } from "./raw-archive.js";
import { pax, paxRecord, rawEntry, rawHeader } from "./raw-tar.js";
import { CORRUPT, hidden, listed, type Row } from "./rows.js";

/** Numbers, records, totals and records of envpack's own: rows 19 to 45. */
const b = (tar: Buffer): readonly RawEntry[] => [{ tar, line: fileLine("app/b.js") }];
const base256 = (...bytes: number[]): Buffer =>
  Buffer.concat([Buffer.alloc(12 - bytes.length, bytes[0] === 0xff ? 0xff : 0), Buffer.from(bytes)]).fill(
    bytes[0] === 0xff ? 0xff : 0x80,
    0,
    1,
  );
const withPax = (records: readonly Buffer[], name = "app/b.js"): Buffer => Buffer.concat([pax(records), rawEntry({ name }, "x")]);
const TOO_NEW = /ARCHIVE_TOO_NEW/;

const isOwn =
  (name: string) =>
  (entry: RawEntry): boolean =>
    String(entry.line).includes(`"path":"${name}"`);
const without =
  (name: string) =>
  (frames: RawEntry[][]): RawEntry[][] =>
    frames.map((frame) => frame.filter((entry) => !isOwn(name)(entry))).filter((frame) => frame.length > 0);
const editLines =
  (from: string | RegExp, to: string) =>
  (lines: (string | Buffer)[]): (string | Buffer)[] =>
    lines.map((line) => String(line).replace(from, to));

export function rowsOfBytes(): Row[] {
  return [
    ...[
      ["-1", base256(0xff)],
      ["NaN", "NaN\0\0\0\0\0\0\0\0\0"],
      ["another", "00000000001 "],
    ].map(([what, mtime]) => hidden(19, `a time of ${String(what)}`, { inside: b(rawEntry({ name: "app/b.js", mtime }, "x")) })),
    hidden(19, "a time of 1e30 in a pax record", { inside: b(withPax([paxRecord("mtime", "1e30")])) }),
    listed(19, "a time of 1e30 in the index", { lines: editLines(/"mtime":\d+/, '"mtime":1e30') }),
    hidden(20, "a wrong header checksum", { inside: b(rawEntry({ name: "app/b.js", checksumOff: 1 }, "x")) }),
    ...[
      ["-1", base256(0xff)],
      ["2^63", base256(0x80, 0, 0, 0, 0, 0, 0, 0)],
      ["2^90", base256(4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)],
      ["text", "many bytes\0\0"],
    ].map(([what, size]) => hidden(20, `a size of ${String(what)}`, { inside: b(rawEntry({ name: "app/b.js", size }, "x")) })),
    ...["-1", "1e3", "18446744073709551616", "0x1", "1.0", ""].map((size) =>
      hidden(20, `a pax size of ${JSON.stringify(size)}`, { inside: b(withPax([paxRecord("size", size)])) }),
    ),
    listed(20, "a size of 2^63 in the index", { lines: editLines(/"size":20,/, '"size":9223372036854775808,') }),
    hidden(21, "a pax size that differs", { inside: b(withPax([paxRecord("size", "1024")])) }),
    hidden(21, "a pax header before a GNU long name", {
      inside: b(
        Buffer.concat([
          pax([paxRecord("path", "app/b.js")]),
          rawEntry({ name: "././@LongLink", type: "L" }, "app/c.js\0"),
          rawEntry({ name: "app/b.js" }, "x"),
        ]),
      ),
    }),
    hidden(21, "a pax header that belongs to nothing", { inside: [{ tar: pax([paxRecord("path", "app/b.js")]), line: null }] }),
    hidden(21, "two pax headers", {
      inside: b(Buffer.concat([pax([paxRecord("path", "app/c.js")]), withPax([paxRecord("path", "app/b.js")])])),
    }),
    ...["5 path=app/b.js\n", "999 path=app/b.js\n", "path=app/b.js\n", "-5 path=app\n", "17 path=app/b.js"].map((record) =>
      hidden(21, `the pax record ${JSON.stringify(record)}`, { inside: b(withPax([Buffer.from(record)])) }),
    ),
    hidden(21, "a pax header of 1 GiB", {
      inside: b(Buffer.concat([rawHeader({ name: "PaxHeader/x", type: "x", size: 2 ** 30 }), rawEntry({ name: "app/b.js" }, "x")])),
    }),
    hidden(22, "the pax key __proto__", { inside: b(withPax([paxRecord("__proto__", "x"), paxRecord("constructor", "x")])) }),
    listed(
      22,
      "the key __proto__ in the index",
      { lines: editLines('{"type":"directory","path":"bin"}', '{"__proto__":{"type":"directory"},"path":"bin"}') },
      CORRUPT,
    ),
    listed(
      22,
      "names of digits, __proto__ and constructor",
      { inside: ["app/123", "app/__proto__", "app/constructor", "app/toString"].map((path) => file(path)) },
      "accept",
    ),
    listed(28, "more entries than promised", { manifest: (m) => ({ ...m, totals: { entries: 3, bytes: 1000 } }) }, /ARCHIVE_LIMIT/),
    hidden(28, "more bytes than promised", { manifest: (m) => ({ ...m, totals: { entries: 100, bytes: 3 } }) }, /ARCHIVE_LIMIT/),
    listed(
      43,
      "a footer of version 3",
      {
        footer: (payload) => {
          payload.writeUInt32LE(3, 8);
        },
      },
      TOO_NEW,
    ),
    listed(43, "an index of version 2", { lines: editLines('"index":1', '"index":2') }, TOO_NEW),
    listed(43, "a manifest of version 2", { manifest: (m) => ({ ...m, formatVersion: 2, createdBy: "envpack 9.0.0", more: 1 }) }, TOO_NEW),
    listed(44, "no manifest", { frames: without(".envpack/manifest.json") }, /NOT_AN_ARCHIVE|ARCHIVE_CORRUPT/),
    listed(44, "two manifests", { inside: [file(".envpack/manifest.json", "{}")] }),
    listed(44, "a manifest that is no JSON", { manifest: () => "no" }),
    listed(44, "a manifest with an unknown field", { manifest: (m) => ({ ...m, evil: 1 }) }),
    listed(44, "a manifest whose packages leave the root", {
      manifest: (m) => ({ ...m, packages: [{ name: "x", version: "1", path: "../evil" }] }),
    }),
    hidden(44, "no fix-up records", { frames: without(".envpack/fixups.jsonl") }),
    listed(44, "the index lists itself", {
      lines: (lines) => [...lines.slice(0, -1), fileLine(".envpack/index.jsonl"), ...lines.slice(-1)],
    }),
    listed(44, "an index without its end", { lines: (lines) => lines.slice(0, -1) }),
    listed(44, "an index with two heads", { lines: (lines) => [lines[0] ?? "", ...lines] }),
    listed(44, "an index with wrong totals", { lines: editLines(/"end":\{"entries":\d+/, '"end":{"entries":1') }),
    listed(44, "an index of another archive's format", {
      lines: (lines) =>
        lines.map((line) => String(line).replace(/"format":"([^"]+)"/, (_, own) => `"format":"${own === "tar" ? "tar.gz" : "tar"}"`)),
    }),
    hidden(44, "a file that the index does not list", { inside: [{ tar: rawEntry({ name: "app/b.js" }, "x"), line: null }] }),
    hidden(44, "a file that only the index lists", { inside: [{ tar: Buffer.alloc(0), line: fileLine("app/b.js") }] }),
    hidden(
      44,
      "another digest in the index",
      { inside: [{ tar: rawEntry({ name: "app/b.js" }, "x"), line: fileLine("app/b.js", "y") }] },
      /DIGEST_MISMATCH/,
    ),
    hidden(44, "another size in the index", { inside: [{ tar: rawEntry({ name: "app/b.js" }, "x"), line: fileLine("app/b.js", "xx") }] }),
    hidden(44, "another mode in the index", {
      inside: [{ tar: rawEntry({ name: "app/b.js" }, "x"), line: fileLine("app/b.js", "x", "0755") }],
    }),
    hidden(44, "another kind in the index", { inside: [{ tar: rawEntry({ name: "app/b.js" }, ""), line: folderLine("app/b.js") }] }),
    hidden(44, "entries in another order than the index", {
      inside: [
        { tar: rawEntry({ name: "app/b.js" }, "x"), line: fileLine("app/c.js") },
        { tar: rawEntry({ name: "app/c.js" }, "x"), line: fileLine("app/b.js") },
      ],
    }),
    listed(44, "an index whose frames overlap", { lines: editLines(/"at":(?!0)\d+/, '"at":1') }),
    listed(44, "an index under another name", { indexHeader: (size) => rawHeader({ name: "app/index.jsonl", size }) }, CORRUPT),
    listed(44, "a second index behind the first", {
      tail: (padding) => Buffer.concat([padding.subarray(1024), rawEntry({ name: ".envpack/index.jsonl" }, "{}\n"), Buffer.alloc(1024)]),
    }),
    listed(44, "a footer that names another digest", {
      footer: (payload) => {
        payload.fill(7, 48, 80);
      },
    }),
    listed(44, "a footer that points elsewhere", {
      footer: (payload) => {
        payload.writeBigUInt64LE(1n, 16);
      },
    }),
    listed(44, "a footer with huge numbers", {
      footer: (payload) => {
        payload.fill(0xff, 16, 48);
      },
    }),
    listed(
      44,
      "a signature that fits nothing",
      {
        footer: (payload) => {
          payload.fill(3, 84, 180);
        },
      },
      /SIGNATURE_INVALID/,
    ),
    listed(44, "something in the footer's empty bytes", {
      footer: (payload) => {
        payload.fill(3, 180, 188);
      },
    }),
    listed(44, "a root folder that no name stands in", { arcroot: "other" }),
    ...[
      ["for no file", '{"path":"app/gone","kind":"text","places":[[0,6,"plain","app"]]}\n'],
      ["that goes through a link", '{"path":"app/way","kind":"text","places":[[0,6,"plain","app"]]}\n'],
      ["past the end", '{"path":"app/a.js","kind":"text","places":[[16,6,"plain","app"]]}\n'],
      ["that escapes", '{"path":"../evil","kind":"text","places":[[0,6,"plain","app"]]}\n'],
      ["whose root escapes", '{"path":"app/a.js","kind":"text","places":[[0,6,"plain","../.."]]}\n'],
      ["at a negative place", '{"path":"app/a.js","kind":"text","places":[[-1,6,"plain","app"]]}\n'],
      ["that is no JSON", "evil\n"],
    ].map(([what, fixups]) => hidden(45, `a fix-up record ${String(what)}`, { fixups })),
    listed(23, "no end mark", { tail: (padding) => padding.subarray(1024) }),
    listed(23, "an end mark cut in half", { tail: (padding) => padding.subarray(512) }),
    listed(23, "more behind the end mark", { tail: (padding) => Buffer.concat([padding, folder("evil").tar]) }),
  ];
}
