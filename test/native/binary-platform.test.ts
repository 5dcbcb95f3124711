import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { libcOf, osOf, readBinaryPlatform } from "../../src/native/binary-platform.js";
import { makeFolder } from "../environment/tree.js";

const scratch = makeFolder();
const read = (bytes: Buffer): unknown => {
  const file = join(scratch, "binary");
  writeFileSync(file, bytes);
  return readBinaryPlatform(file);
};
const words = (...values: number[]): Buffer =>
  Buffer.concat(values.map((value) => Buffer.from([value >>> 24, value >>> 16, value >>> 8, value].map((one) => one & 0xff))));
const swapped = (...values: number[]): Buffer => words(...values).swap32();

function portable(machine: number, at = 0x80): Buffer {
  const bytes = Buffer.alloc(at + 24);
  bytes.write("MZ");
  bytes.writeUInt32LE(at, 0x3c);
  bytes.write("PE\0\0", at, "latin1");
  bytes.writeUInt16LE(machine, at + 4);
  return bytes;
}

/** An ELF header for 64 bits without segments. */
function elf(osAbi: number, machine: number): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.write("\x7fELF", "latin1");
  bytes.set([2, 1, 1, osAbi], 4);
  bytes.writeUInt16LE(machine, 18);
  return bytes;
}

describe("a header tells system and processor", () => {
  test.each([
    ["Mach-O of Apple's processors", swapped(0xfeedfacf, 0x0100000c), { os: "darwin", arch: "arm64" }],
    ["Mach-O of Intel's", swapped(0xfeedfacf, 0x01000007), { os: "darwin", arch: "x64" }],
    [
      "a universal file",
      words(0xcafebabe, 2, 0x01000007, 3, 0, 0, 0, 0x0100000c, 0, 0, 0, 0),
      { os: "darwin", arch: "x64", alsoFor: ["arm64"] },
    ],
    ["PE for x64", portable(0x8664), { os: "win32", arch: "x64" }],
    ["PE for arm64, its header far behind", portable(0xaa64, 9000), { os: "win32", arch: "arm64" }],
    ["PE that is cut off", portable(0x8664).subarray(0, 0x50), { os: "win32", arch: null }],
    ["ELF of Linux", elf(0, 183), { os: "linux", arch: "arm64" }],
    ["ELF of FreeBSD", elf(9, 62), { os: "freebsd", arch: "x64", libc: null }],
    ["ELF of OpenBSD", elf(12, 62), { os: "openbsd", arch: "x64" }],
  ])("%s", (_what, bytes, expected) => {
    expect(read(bytes)).toMatchObject(expected);
  });

  test.each([
    ["a class of Java", words(0xcafebabe, 0x00000041)],
    ["a script", Buffer.from("#!/bin/sh\n")],
    ["nothing", Buffer.alloc(0)],
    ["three bytes", Buffer.from("abc")],
  ])("%s is none", (_what, bytes) => {
    expect(read(bytes)).toBeNull();
  });

  test("an ELF file without a mark is known by its libraries", () => {
    const of = (...needed: string[]): unknown[] => [
      osOf({ osAbi: 0, interpreter: null, needed }),
      libcOf({ osAbi: 0, interpreter: null, needed, glibc: null }),
    ];
    expect(of("libthr.so.3", "libc++.so.1", "libc.so.7")).toEqual(["freebsd", null]);
    expect(of("libdl.so", "libm.so", "libc.so")).toEqual(["android", null]);
    expect(of("libc.so.97.1")).toEqual(["openbsd", null]);
    expect(of("libc.so")).toEqual(["linux", "musl"]);
    expect(of("libm.so.6", "libc.so.6")).toEqual(["linux", "glibc"]);
  });
});
