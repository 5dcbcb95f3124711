import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { readZip } from "../../src/environment/pnp/zip.js";
import { execute, has } from "../real/commands.js";
import { makeFolder, writeTree } from "./tree.js";

const scratch = makeFolder();
let at = 0;

interface Member {
  readonly name: string;
  readonly body?: string;
  readonly method?: 0 | 8 | 99;
  /** What the directory says of the size, where it is not the truth. */
  readonly size?: number;
  readonly packed?: number;
  /** Bytes of an extra field that stands in the local header only, as zip writers do. */
  readonly extra?: number;
}

/** A zip as APPNOTE.TXT has it: local headers with bodies, the directory, the end. */
function zip(members: readonly Member[], comment = ""): Buffer {
  const pieces: Buffer[] = [];
  const directory: Buffer[] = [];
  let place = 0;
  for (const { name, body = "", method = 8, size, packed, extra = 0 } of members) {
    const content = Buffer.from(body);
    const bytes = method === 8 ? deflateRawSync(content) : content;
    const local = Buffer.alloc(30 + Buffer.byteLength(name) + extra);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(method, 8);
    local.writeUInt32LE(crc32(content), 14);
    local.writeUInt16LE(Buffer.byteLength(name), 26);
    local.writeUInt16LE(extra, 28);
    local.write(name, 30);
    const central = Buffer.alloc(46 + Buffer.byteLength(name) + 3);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(method, 10);
    central.writeUInt32LE(packed ?? bytes.length, 20);
    central.writeUInt32LE(size ?? content.length, 24);
    central.writeUInt16LE(Buffer.byteLength(name), 28);
    central.writeUInt16LE(3, 32);
    central.writeUInt32LE(place, 42);
    central.write(name, 46);
    pieces.push(local, bytes);
    directory.push(central);
    place += local.length + bytes.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(
    directory.reduce((sum, one) => sum + one.length, 0),
    12,
  );
  end.writeUInt32LE(place, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...pieces, ...directory, end, Buffer.from(comment)]);
}

function lay(bytes: Buffer): string {
  const file = join(scratch, `${at++}.zip`);
  writeFileSync(file, bytes);
  return file;
}

const JSON_TEXT = '{"name":"ü"}';
const PACKAGE: readonly Member[] = [
  { name: "node_modules/" },
  { name: "node_modules/ü/package.json", body: JSON_TEXT, extra: 28 },
  { name: "node_modules/ü/stored.js", body: "x".repeat(3000), method: 0 },
  { name: "node_modules/ü/empty" },
];
const BROKEN: unknown = expect.objectContaining({
  code: "NOT_INSTALLED",
  hint: "remove the file and bring it back with `yarn install`, or pack what is there with `--ignore-lock`",
});

describe("an archive of Yarn's cache", () => {
  test.each(["", "a comment", "PK\u0005\u0006 in a comment"])(
    "is read by its directory, whatever stands in the local headers and behind: %j",
    (comment) => {
      const archive = readZip(lay(zip(PACKAGE, comment)));
      expect(archive.names).toEqual(["node_modules/ü/package.json", "node_modules/ü/stored.js", "node_modules/ü/empty"]);
      expect(archive.read("node_modules/ü/package.json")?.toString()).toBe(JSON_TEXT);
      expect(archive.read("node_modules/ü/stored.js")?.toString()).toBe("x".repeat(3000));
      expect(archive.read("node_modules/ü/empty")?.toString()).toBe("");
      expect(archive.read("node_modules/ü")).toBeNull();
    },
  );

  test.skipIf(!has("python3"))("of another writer is read as well", () => {
    const folder = writeTree(join(scratch, "tree"), {
      "node_modules/a/package.json": JSON_TEXT,
      "node_modules/a/large.js": "y".repeat(100_000),
    });
    const file = join(scratch, "python.zip");
    expect(execute("python3", ["-m", "zipfile", "-c", file, "node_modules/"], { cwd: folder }).status).toBe(0);
    const archive = readZip(file);
    expect(archive.names).toEqual(expect.arrayContaining(["node_modules/a/package.json", "node_modules/a/large.js"]));
    expect(archive.read("node_modules/a/package.json")?.toString()).toBe(JSON_TEXT);
  });

  test.each([
    ["missing", null],
    ["empty", Buffer.alloc(0)],
    ["cut off", zip(PACKAGE).subarray(0, -30)],
    ["an error page", Buffer.from("<html>404</html>".repeat(10))],
  ])("that is %s is told with the way to bring it back", (_, bytes) => {
    expect(() => readZip(bytes === null ? join(scratch, "gone.zip") : lay(bytes))).toThrow(BROKEN);
  });

  test.each<[string, Member]>([
    ["compressed by a method that Yarn does not use", { name: "a", body: "x", method: 99 }],
    ["longer than its directory says", { name: "a", body: "x".repeat(5000), size: 10 }],
    ["of 4 GB, as it says", { name: "a", body: "x", size: 0xffffffff }],
    ["of 4 GB when packed, as it says", { name: "a", body: "x", packed: 0xfffffffe }],
    ["not deflated", { name: "a", body: "x".repeat(100), packed: 3 }],
  ])("whose file is %s is told", (_, member) => {
    const archive = readZip(lay(zip([member])));
    expect(() => archive.read("a")).toThrow(BROKEN);
  });

  test("whose file begins behind its end is told", () => {
    const bytes = zip([{ name: "a", body: "x" }]);
    const central = bytes.indexOf("PK\u0001\u0002", 0, "latin1");
    bytes.writeUInt32LE(bytes.length - 5, central + 42);
    const archive = readZip(lay(bytes));
    expect(() => archive.read("a")).toThrow(BROKEN);
  });
});
