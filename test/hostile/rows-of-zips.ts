import { crc32, deflateRawSync } from "node:zlib";
import { fileLine, folderLine, linkLine } from "./raw-archive.js";
import { buildZip, endRecord, localHeader, put, withExtra, zipFile, zipFolder, zipLink, type RawZip, type RawZipEntry } from "./raw-zip.js";
import { CORRUPT, hidden, listed, UNSAFE, type Row } from "./rows.js";

/** Row 30: what a zip can lie about. The directory is read by every verb; local headers by those that read bodies. */
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const b = (more: Partial<RawZipEntry>): RawZip => ({ inside: [zipFile("app/b.js", "x", more)] });
const directory = (what: string, zip: RawZip, expected: Row["expected"] = CORRUPT): Row => listed(30, what, () => buildZip(zip), expected);
const local = (what: string, zip: RawZip, expected: Row["expected"] = CORRUPT): Row => hidden(30, what, () => buildZip(zip), expected);
const names = (...paths: string[]): Row[] =>
  paths.map((path) => directory(`the name ${JSON.stringify(path).slice(0, 40)}`, { inside: [zipFile(path)] }, UNSAFE));

const FLAGS = { local: 6, central: 8 };
const METHOD = { local: 8, central: 10 };
const MODE = 40;
const both = (field: { local: number; central: number }, bytes: Buffer): Partial<RawZipEntry> => ({
  local: put(field.local, bytes),
  central: put(field.central, bytes),
});

/** The Unicode path field (0x7075): version, CRC-32 of the name, another name. */
const unicodePath = (name: string): Buffer => {
  const body = Buffer.concat([Buffer.from([1]), u32(crc32(Buffer.from("app/b.js"))), Buffer.from(name)]);
  return Buffer.concat([Buffer.from([0x75, 0x70, body.length, 0]), body]);
};
const zip64 = (value: number): Buffer => Buffer.concat([Buffer.from("01000800", "hex"), u32(value), u32(0)]);

const bomb = deflateRawSync(Buffer.alloc(256 << 20), { level: 1 });

/** A record of an entry once more, as it stands. */
const again = (records: Buffer[]): Buffer[] => [...records, records.at(-1) ?? Buffer.alloc(0)];
const lastAt =
  (at: number) =>
  (records: Buffer[]): Buffer[] => [...records.slice(0, -1), put(42, u32(at))(records.at(-1) ?? Buffer.alloc(0))];

/** Many records for one body: a small archive that unpacks to much. */
function overlapping(): Buffer {
  const body = Buffer.alloc(100_000);
  const one = zipFile("app/b0", body);
  const more = Array.from({ length: 50 }, (_, at) => fileLine(`app/b${at + 1}`, body));
  return buildZip({
    inside: [one],
    manifest: (m) => ({ ...m, totals: { entries: 100, bytes: 1e8 } }),
    lines: (lines) => {
      const at = lines.findIndex((line) => String(line).includes('"app/b0"')) + 1;
      const end = String(lines.at(-1)).replace(
        /"entries":\d+,"bytes":(\d+)/,
        (_, bytes: string) => `"entries":${lines.length - 4 + more.length},"bytes":${Number(bytes) + 50 * body.length}`,
      );
      return [...lines.slice(0, at), ...more, ...lines.slice(at, -1), end];
    },
    records: (records) => {
      const at = records.findIndex((record) => record.includes("app/b0")) + 1;
      const copies = more.map((_, number) => renamed(records[at - 1] ?? Buffer.alloc(0), `app/b${number + 1}`));
      return [...records.slice(0, at), ...copies, ...records.slice(at)];
    },
  });
}

function renamed(record: Buffer, name: string): Buffer {
  const length = record.readUInt16LE(28);
  const copy = Buffer.concat([record.subarray(0, 46), Buffer.from(name), record.subarray(46 + length)]);
  copy.writeUInt16LE(name.length, 28);
  return copy;
}

export function rowsOfZips(canary: string): Row[] {
  return [
    listed(30, "an honest zip", () => buildZip(b({})), "accept"),
    ...localRows(),
    ...directoryRows(),
    ...endRows(),
    ...names(
      "../evil",
      "app/../../evil",
      canary,
      `/${canary}`,
      "..\\evil",
      "C:evil",
      "app//b.js",
      "./app/b.js",
      "app/new\nline",
      "app/nul\0.js",
      "",
      ".",
      "app/a.js/b.js",
      "lib/b.js",
      ".envpack-lock",
      ".envpack/relocated.json",
      "app/.t.envpack-1-0123456789ab",
    ),
    directory("a name that is no valid UTF-8", {
      inside: [
        zipFile("", "x", {
          name: Buffer.from("6170702fff", "hex"),
          line: Buffer.concat([
            Buffer.from('{"type":"file","path":"app/'),
            Buffer.from([0xff]),
            Buffer.from(fileLine("").slice('{"type":"file","path":"'.length)),
          ]),
        }),
      ],
    }),
    directory("one name twice", { inside: [zipFile("app/a.js", "y")] }, UNSAFE),
    ...["../../evil", canary, "l", "../bin/../.."].map((target) =>
      directory(`a link to ${JSON.stringify(target).slice(0, 30)}`, { inside: [zipLink("app/l", target)] }, UNSAFE),
    ),
    directory("a link, then a write through it", { inside: [zipLink("app/l", "../.."), zipFile("app/l/evil")] }, UNSAFE),
    local("a link whose target is another than the index says", {
      inside: [zipLink("app/l", "../../evil", { line: linkLine("app/l", "../bin/evil") })],
    }),
    ...bombs(),
  ];
}

function localRows(): Row[] {
  return [
    local("another name in the local header", b({ local: put(30, "../evil!") })),
    local("another name in the local header, of a file that the index does not list", b({ local: put(30, "app/c.js") })),
    local("a Unicode path in the local header", b({ local: withExtra(unicodePath("../evil"), true) })),
    local("an encrypted entry by its local header", b({ local: put(FLAGS.local, Buffer.from([1, 8])) })),
    local("method 99 in the local header", b({ local: put(METHOD.local, Buffer.from([99, 0])) })),
    local("another checksum in the local header", b({ local: put(14, u32(7)) })),
    local("more packed bytes in the local header", b({ local: put(18, u32(100)) })),
    local("another size in the local header", b({ local: put(22, u32(1 << 30)) })),
    local(
      "a size of 2^63 in the local header's own field",
      b({ local: (header) => put(header.length - 8, Buffer.from("0000000000000080", "hex"))(header) }),
    ),
    local("a zip64 field in the local header", b({ local: withExtra(zip64(1), true) })),
    local("another kind in the local header", b({ local: (header) => put(header.length - 9, "x")(header) })),
    local("a kind that there is not", b({ local: (header) => put(header.length - 9, "p")(header) })),
    local("another time in the local header", b({ local: put(10, u32(0)) })),
    local("a version that is not needed", b({ local: put(4, Buffer.from([45, 0])) })),
    local("a checksum that is wrong in both headers", b({ local: put(14, u32(7)), central: put(16, u32(7)) })),
    local("another body", b({ data: Buffer.from("y") }), /DIGEST_MISMATCH.*app\/b\.js/),
    local("a record without its local header", { inside: [zipFile("app/b.js", "x", { local: (header) => header.fill(0, 0, 4) })] }),
  ];
}

function directoryRows(): Row[] {
  const entry = (what: string, central: RawZipEntry["central"]): Row => directory(what, b({ central }));
  return [
    entry("another name in the directory", put(46, "../evil!")),
    entry("a Unicode path in the directory", withExtra(unicodePath("../evil"), false)),
    entry("more packed bytes in the directory", put(20, u32(100))),
    entry("another size in the directory", put(24, u32(1 << 30))),
    local("another checksum in the directory", b({ central: put(16, u32(7)) })),
    entry("a zip64 field that says another size", (record) => put(24, u32(0xffffffff))(withExtra(zip64(2 ** 31), false)(record))),
    entry("a comment on an entry", (record) => Buffer.concat([put(32, Buffer.from([4, 0]))(record), Buffer.from("evil")])),
    entry("another disk", put(34, Buffer.from([1, 0]))),
    ...[
      ["a link", 0o120777],
      ["a device", 0o020666],
      ["a pipe", 0o010644],
      ["setuid", 0o104755],
      ["all may write", 0o100666],
      ["a folder", 0o040755],
      ["no mode", 0],
    ].map(([what, mode]) =>
      entry(`a file whose mode is ${String(what)}`, put(MODE, Buffer.from([Number(mode) & 0xff, Number(mode) >> 8]))),
    ),
    entry("a file that was made by DOS, where modes mean nothing", put(5, Buffer.from([0]))),
    ...(
      [
        ["encrypted", both(FLAGS, Buffer.from([1, 8]))],
        ["of method 99", both(METHOD, Buffer.from([99, 0]))],
        ["of method 12, bzip2", both(METHOD, Buffer.from([12, 0]))],
        ["with a descriptor that none is needed for", both(FLAGS, Buffer.from([8, 8]))],
        ["deflated, with a body that is not", both(METHOD, Buffer.from([8, 0]))],
      ] as const
    ).map(([what, more]) => directory(`an entry ${what}`, b(more))),
    directory("an entry twice in the directory", { records: again }),
    directory("two records for one place", { inside: [zipFile("app/b.js"), zipFile("app/c.js")], records: lastAt(300) }),
    directory("a record that leads behind the end", { records: lastAt(1 << 30) }),
    directory("a file that the directory does not list", b({ hidden: true })),
    directory("a file that the index does not list", b({ line: null })),
    directory("a file that neither lists", b({ line: null, hidden: true })),
    directory("a file that only index and directory list", {
      lines: (lines) => lines.map((line) => String(line).replace('"path":"app/a.js"', '"path":"app/b.js"')),
    }),
    directory("records in another order than the index", {
      inside: [zipFile("app/b.js")],
      records: (records) => [...records.slice(0, 2), ...records.slice(2).reverse()],
    }),
    directory("no directory but the index's own record", { records: () => [] }),
    directory("a folder with a body", { inside: [zipFolder("app/d", { body: Buffer.from("evil") })] }),
    directory("a file whose name ends like a folder's", { inside: [zipFile("app/b.js", "x", { name: "app/b.js/" })] }),
    directory("a folder whose name ends like a file's", { inside: [zipFolder("app/d", { name: "app/d", line: folderLine("app/d") })] }),
  ];
}

function endRows(): Row[] {
  const end = (what: string, change: RawZip["end"], expected = CORRUPT): Row => directory(what, { end: change }, expected);
  const other = Buffer.concat([localHeader(Buffer.from("evil"), "f", { method: 0, crc: 0, packed: 0, size: 0 }), endRecord(0, 0, 0)]);
  return [
    end("a comment", (record) => Buffer.concat([put(20, Buffer.from([4, 0]))(record), Buffer.from("evil")])),
    end("a comment that is a zip", (record) => Buffer.concat([put(20, Buffer.from([other.length, 0]))(record), other])),
    end("a second end record", (record) => Buffer.concat([record, endRecord(0, 0, 0)])),
    end("a second end record before the first", (record) => Buffer.concat([endRecord(0, 0, 0), record])),
    end("fewer entries than there are", put(8, Buffer.from([1, 0, 1, 0]))),
    end("another place of the directory", put(16, u32(0))),
    end("another size of the directory", put(12, u32(10))),
    end("another disk", put(4, Buffer.from([1, 0]))),
    end("numbers that lie in zip64, without its records", put(8, Buffer.from("ffffffffffffffffffffffff", "hex"))),
    end("zip64's records where none are needed", (record) => Buffer.concat([zip64End(), record])),
    end("zip64's records that lie", (record) => Buffer.concat([zip64End(1), put(8, Buffer.from("ffffffff", "hex"))(record)])),
    directory("something between the index and the directory", { before: Buffer.from("evil") }),
    listed(30, "a program before the zip", () => Buffer.concat([Buffer.from("#!/bin/sh\nexit\n"), buildZip()]), CORRUPT),
    listed(30, "garbage behind the zip", () => Buffer.concat([buildZip(), Buffer.from("evil")]), CORRUPT),
    listed(30, "a second zip behind the first", () => Buffer.concat([buildZip(), buildZip(b({}))]), CORRUPT),
    listed(
      30,
      "a zip of another program",
      () => Buffer.concat([localHeader(Buffer.from("app/"), "d", { method: 0, crc: 0, packed: 0, size: 0 }), endRecord(0, 0, 36)]),
      /NOT_AN_ARCHIVE/,
    ),
    ...[0.2, 0.5, 0.8, 0.99].map((part) =>
      listed(30, `a zip cut off after ${part * 100} %`, () => buildZip().subarray(0, Math.floor(buildZip().length * part)), CORRUPT),
    ),
    directory("a comment on the index's record", { indexRecord: (record) => Buffer.concat([record, Buffer.alloc(4)]) }),
    directory("the index under a mode of its own", { indexRecord: put(MODE, Buffer.from([0xff, 0xa1])) }),
    directory("a footer that points elsewhere", {
      footer: (payload) => {
        payload.writeBigUInt64LE(1n, 16);
      },
    }),
    directory("a footer with huge numbers", {
      footer: (payload) => {
        payload.fill(0xff, 16, 48);
      },
    }),
    directory(
      "a footer of version 3",
      {
        footer: (payload) => {
          payload.writeUInt32LE(3, 8);
        },
      },
      /ARCHIVE_TOO_NEW/,
    ),
    directory("an index of another format", {
      lines: (lines) => lines.map((line) => String(line).replace('"format":"zip"', '"format":"tar.gz"')),
    }),
    directory("a hard link, which no zip has", {
      lines: (lines) =>
        lines.map((line) =>
          String(line)
            .replace('{"type":"symlink","path":"app/way"', '{"type":"hardlink","path":"app/way","mode":"0644"')
            .replace('"target":"a.js"', '"target":"app/a.js"'),
        ),
    }),
  ];
}

function zip64End(entries = 8): Buffer {
  const record = Buffer.alloc(76);
  Buffer.from("504b06062c00000000000000", "hex").copy(record);
  record.writeUInt32LE(entries, 24);
  Buffer.from("504b0607", "hex").copy(record, 56);
  return record;
}

function bombs(): Row[] {
  return [
    local("a body of 256 MiB that says one byte", b({ data: bomb, method: 8 })),
    local("a body of 256 MiB that says 4 MiB", { inside: [zipFile("app/b.js", Buffer.alloc(4_000_000), { data: bomb, method: 8 })] }),
    directory(
      "a body that says more than was promised",
      { inside: [zipFile("app/b.js", Buffer.alloc(4_000_000))], manifest: (m) => ({ ...m, totals: { entries: 100, bytes: 1000 } }) },
      /ARCHIVE_LIMIT/,
    ),
    directory("an index of 256 MiB that says less", { index: () => bomb }),
    listed(30, "51 records for one body", overlapping, CORRUPT),
    directory("more entries than were promised", { manifest: (m) => ({ ...m, totals: { entries: 1, bytes: 1000 } }) }, /ARCHIVE_LIMIT/),
  ];
}
