import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { Header, Pax } from "tar";
import { EnvpackError } from "../../src/support/errors.js";
import { decodeHeader, encodeHeader, writeFileHeader, writeHeader } from "../../src/archive/tar/header.js";
import { writeTime } from "../../src/archive/tar/header-block.js";
import { headerBound, type TarHeader } from "../../src/archive/tar/header-fields.js";

const file: TarHeader = { type: "0", name: "app/a.js", executable: false, size: 12, linkname: "", mtime: 499162500 };

/** What node-tar writes for the same header. */
function nodeTar(header: TarHeader): Buffer {
  const types = { "0": "File", "1": "Link", "2": "SymbolicLink", "5": "Directory" } as const;
  const mode = header.type === "2" ? 0o777 : header.type === "5" || header.executable ? 0o755 : 0o644;
  const path = header.type === "5" ? `${header.name}/` : header.name;
  const fields = { path, mode, uid: 0, gid: 0, size: header.size, mtime: new Date(header.mtime * 1000) };
  const encoded = new Header({ ...fields, linkpath: header.linkname, uname: "", gname: "", type: types[header.type] });
  const needsPax = encoded.encode();
  const block = encoded.block ?? Buffer.alloc(0);
  if (!needsPax) return block;
  const pax = new Pax({
    path,
    linkpath: header.linkname === "" ? undefined : header.linkname,
    size: header.size > 0o77777777777 ? header.size : undefined,
  });
  return Buffer.concat([pax.encode(), block]);
}

const name = (length: number): fc.Arbitrary<string> =>
  fc
    .array(fc.string({ unit: fc.constantFrom("a", "b", ".", "-", "é", "日", "𝒳", "@"), minLength: 1, maxLength: 60 }), {
      minLength: 1,
      maxLength: 8,
    })
    .map((parts) => parts.join("/").slice(0, length).replace(/\/$/, "x"))
    .filter((text) => text.isWellFormed() && text !== "");
const asciiName = fc
  .array(fc.string({ unit: fc.constantFrom("a", "b", ".", "-", "@"), minLength: 1, maxLength: 110 }), { minLength: 1, maxLength: 6 })
  .map((parts) => parts.join("/"));
const anyHeader: fc.Arbitrary<TarHeader> = fc
  .record({
    type: fc.constantFrom("0", "1", "2", "5"),
    name: fc.oneof(asciiName, name(400)),
    executable: fc.boolean(),
    size: fc.oneof(fc.nat(), fc.constantFrom(0, 0o77777777777, 0o77777777777 + 1, 2 ** 40)),
    linkname: fc.oneof(asciiName, name(300)),
    mtime: fc.constantFrom(0, 1, 499162500, 0o7777777777, 0o77777777777),
  })
  .map((header) => ({
    ...header,
    executable: header.executable && (header.type === "0" || header.type === "1"),
    size: header.type === "0" ? header.size : 0,
    linkname: header.type === "1" || header.type === "2" ? header.linkname : "",
  }));

/** null where the header is refused, or asks for more bytes than there are. */
function decodeOrNull(bytes: Buffer): unknown {
  try {
    return decodeHeader(bytes, 0);
  } catch (error) {
    expect(error).toBeInstanceOf(EnvpackError);
    return null;
  }
}

describe("a tar header", () => {
  test("is byte for byte the one that node-tar writes, and is read back as it was", () => {
    fc.assert(
      fc.property(anyHeader, (header) => {
        const encoded = encodeHeader(header);
        expect(encoded.equals(nodeTar(header))).toBe(true);
        expect(encoded.length).toBeLessThanOrEqual(headerBound(header.name, header.linkname, header.size));
        expect(decodeHeader(encoded, 0)).toEqual({ header, length: encoded.length });
      }),
      { numRuns: 3000 },
    );
  });

  test("of a file is the same whichever way it is written, over whatever lay there before", () => {
    fc.assert(
      fc.property(
        anyHeader.map((header): TarHeader => ({ ...header, type: "0", linkname: "" })),
        (header) => {
          const target = Buffer.alloc(headerBound(header.name, "", header.size) + 8, 0xff);
          const length = writeFileHeader(header.name, header, header.mtime, target, 4);
          expect(target.subarray(4, 4 + length).equals(encodeHeader(header))).toBe(true);
          expect([target.readUInt32BE(0), target.readUInt32BE(4 + length) >>> 24]).toEqual([0xffffffff, 0xff]);
        },
      ),
      { numRuns: 3000 },
    );
  });

  test("gets another time as if it had been written with it", () => {
    fc.assert(
      fc.property(anyHeader, fc.constantFrom(0, 7, 499162500, 0o7777777777, 0o77777777777), (header, mtime) => {
        const changed = encodeHeader(header);
        writeTime(changed, changed.length - 512, mtime);
        expect(changed.equals(encodeHeader({ ...header, mtime }))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test("is written over what the buffer held before", () => {
    const dirty = Buffer.alloc(1024, 0xff);
    const length = writeHeader(file, dirty, 256);
    expect(dirty.subarray(256, 256 + length).equals(encodeHeader(file))).toBe(true);
  });

  test("with any one byte changed is refused or is another header", () => {
    for (const header of [file, { ...file, name: `app/${"é".repeat(70)}` }]) {
      const good = encodeHeader(header);
      for (let at = 0; at < good.length; at++) {
        for (const flip of [0x01, 0x20, 0x80]) {
          const bad = Buffer.from(good);
          bad[at] = (bad[at] ?? 0) ^ flip;
          expect(decodeOrNull(bad), `byte ${at}`).not.toEqual({ header, length: good.length });
        }
      }
    }
  });

  test("that is cut short is told from one that is damaged", () => {
    const long = encodeHeader({ ...file, name: `app/${"é".repeat(70)}` });
    for (let length = 0; length < long.length; length++) expect(decodeHeader(long.subarray(0, length), 0)).toBeNull();
  });

  test.each([
    ["a device", "3"],
    ["a fifo", "6"],
    ["a GNU long name", "L"],
    ["a global pax record", "g"],
    ["a sparse file", "S"],
    ["an old tar's file", "\0"],
  ])("of %s is refused", (_, type) => {
    const bad = Buffer.from(encodeHeader(file));
    bad.write(type, 156, "latin1");
    expect(() => decodeHeader(bad, 0)).toThrow(EnvpackError);
  });

  test("with a negative, huge or textual size is refused", () => {
    for (const size of ["-0000000001\0", "8999999999 \0", "            ", "\x80\0\0\0\0\0\0\0\0\0\0\x01", "0x12      \0\0"]) {
      const bad = Buffer.from(encodeHeader(file));
      bad.write(size, 124, "latin1");
      expect(() => decodeHeader(bad, 0)).toThrow(EnvpackError);
    }
  });

  test("with a pax size that is no plain number, or one too many, is refused", () => {
    for (const size of ["-1", "1e3", "18446744073709551616", "012", "12"]) {
      const block = encodeHeader(file);
      const pax = new Pax({ path: file.name }).encode();
      const body = `${size.length + 9} size=${size}\n`;
      const head = new Header({
        path: "PaxHeader/a.js",
        mode: 0o644,
        size: body.length,
        type: "ExtendedHeader",
        linkpath: "",
        uname: "",
        gname: "",
      });
      head.encode();
      const padded = Buffer.alloc(512);
      padded.write(body);
      expect(() => decodeHeader(Buffer.concat([head.block ?? pax, padded, block]), 0)).toThrow(EnvpackError);
      expect(() => decodeHeader(Buffer.concat([pax, block]), 0)).toThrow(EnvpackError);
    }
  });
});
