import { describe, expect, test } from "vitest";
import { readImage } from "../../src/native/elf-image.js";
import { rewriteSearchPaths } from "../../src/native/search-paths.js";

interface Layout {
  readonly wide: boolean;
  readonly little: boolean;
}

const TAGS = { needed: 1, runpath: 29, rpath: 15, flags: 30, flags1: 0x6ffffffb } as const;

/** A small ELF file: header, two segments, strings, symbols that name some of them, and a dynamic section. */
class SmallElf {
  readonly bytes = Buffer.alloc(2048);
  constructor(
    private readonly layout: Layout,
    strings: string,
    symbols: readonly number[],
    dynamic: readonly (readonly [number, number])[],
  ) {
    const { wide, little } = layout;
    this.bytes.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, little ? 1 : 2, 1]);
    this.word(wide ? 32 : 28, 64);
    this.u16(wide ? 54 : 42, wide ? 56 : 32);
    this.u16(wide ? 56 : 44, 2);
    this.segment(64, 1, 0, 0x1000, 2048);
    this.segment(64 + (wide ? 56 : 32), 2, 1024, 0x1400, 512);
    this.bytes.write(strings, 512, "latin1");
    const step = wide ? 24 : 16;
    symbols.forEach((offset, index) => this.u32(256 + index * step, offset));
    // DT_HASH says how many symbols there are: nbucket, nchain.
    this.u32(1800 + 4, symbols.length);
    const entries = [[5, 0x1200], [10, strings.length], [6, 0x1100], [4, 0x1000 + 1800], ...dynamic, [0, 0]] as const;
    entries.forEach(([tag, value], index) => {
      this.word(1024 + index * (wide ? 16 : 8), tag);
      this.word(1024 + index * (wide ? 16 : 8) + (wide ? 8 : 4), value);
    });
  }

  text(tag: number): string {
    const image = readImage(this.bytes);
    const entry = image?.entries.find((one) => one.tag === tag);
    const at = 512 + (entry?.value ?? 0);
    return this.bytes.toString("latin1", at, this.bytes.indexOf(0, at));
  }

  value(tag: number): number | undefined {
    return readImage(this.bytes)?.entries.find((one) => one.tag === tag)?.value;
  }

  at(offset: number): string {
    return this.bytes.toString("latin1", 512 + offset, this.bytes.indexOf(0, 512 + offset));
  }

  private segment(at: number, type: number, offset: number, address: number, size: number): void {
    const { wide } = this.layout;
    this.u32(at, type);
    this.word(at + (wide ? 8 : 4), offset);
    this.word(at + (wide ? 16 : 8), address);
    this.word(at + (wide ? 32 : 16), size);
  }

  private u16(at: number, value: number): void {
    if (this.layout.little) this.bytes.writeUInt16LE(value, at);
    else this.bytes.writeUInt16BE(value, at);
  }

  private u32(at: number, value: number): void {
    if (this.layout.little) this.bytes.writeUInt32LE(value, at);
    else this.bytes.writeUInt32BE(value, at);
  }

  private word(at: number, value: number): void {
    if (!this.layout.wide) this.u32(at, value);
    else if (this.layout.little) this.bytes.writeBigUInt64LE(BigInt(value), at);
    else this.bytes.writeBigUInt64BE(BigInt(value), at);
  }
}

const OLD = "/opt/environment/of/some/length";
const toOrigin = (path: string): string | null => (path.startsWith(OLD) ? `$ORIGIN/..${path.slice(OLD.length)}` : null);

const LAYOUTS: readonly (readonly [string, Layout])[] = [64, 32].flatMap((bits) =>
  [true, false].map((little): [string, Layout] => [`${bits} bits, ${little ? "little" : "big"} endian`, { wide: bits === 64, little }]),
);

describe.each(LAYOUTS)("P9: a file of %s", (_name, layout) => {
  test("has its search paths rewritten in place, each folder by itself, and the flags set", () => {
    const list = `${OLD}/lib:/usr/lib:${OLD}/lib:${OLD}/more`;
    const elf = new SmallElf(
      layout,
      `\0${list}\0libc.so.6\0`,
      [],
      [
        [TAGS.runpath, 1],
        [TAGS.needed, list.length + 2],
        [TAGS.flags, 8],
        [TAGS.flags1, 1],
      ],
    );
    expect(rewriteSearchPaths(elf.bytes, toOrigin)).toEqual({ changed: true, staying: [] });
    expect(elf.text(TAGS.runpath)).toBe("$ORIGIN/../lib:/usr/lib:$ORIGIN/../more");
    expect(elf.text(TAGS.needed)).toBe("libc.so.6");
    expect([elf.value(TAGS.flags), elf.value(TAGS.flags1)]).toEqual([9, 0x81]);
  });

  test("keeps a symbol that shares the end of a path, where the new path ends alike", () => {
    const elf = new SmallElf(layout, `\0${OLD}/lib\0`, [OLD.length + 2], [[TAGS.rpath, 1]]);
    expect(elf.at(OLD.length + 2)).toBe("lib");
    expect(rewriteSearchPaths(elf.bytes, toOrigin)).toEqual({ changed: true, staying: [] });
    expect(elf.text(TAGS.rpath)).toBe("$ORIGIN/../lib");
    expect(elf.at(OLD.length + 2)).toBe("lib");
  });

  test("stays as it was where a symbol's name would change, and that is told", () => {
    const elf = new SmallElf(layout, `\0${OLD}/lib\0`, [OLD.length - 3], [[TAGS.rpath, 1]]);
    const before = Buffer.from(elf.bytes);
    expect(rewriteSearchPaths(elf.bytes, toOrigin)).toEqual({ changed: false, staying: [{ what: "search path", path: `${OLD}/lib` }] });
    expect(elf.bytes.equals(before)).toBe(true);
  });

  test("stays as it was where the path is itself the end of another name", () => {
    const elf = new SmallElf(layout, `\0x${OLD}/lib\0`, [1], [[TAGS.runpath, 2]]);
    expect(rewriteSearchPaths(elf.bytes, toOrigin)?.changed).toBe(false);
    expect(elf.at(1)).toBe(`x${OLD}/lib`);
  });

  test("puts what is too long into what another path left over", () => {
    const long = (path: string): string | null => (path === "/o/l" ? "$ORIGIN/../l" : toOrigin(path));
    const elf = new SmallElf(
      layout,
      `\0/o/l\0${OLD}/lib\0`,
      [],
      [
        [TAGS.needed, 1],
        [TAGS.runpath, 6],
      ],
    );
    expect(rewriteSearchPaths(elf.bytes, long)).toEqual({ changed: true, staying: [] });
    expect([elf.text(TAGS.needed), elf.text(TAGS.runpath)]).toEqual(["$ORIGIN/../l", "$ORIGIN/../lib"]);
  });

  test("is read or left alone, never a crash, wherever it is cut or wrong", () => {
    const make = (): SmallElf => new SmallElf(layout, `\0${OLD}/lib\0`, [OLD.length + 2], [[TAGS.rpath, 1]]);
    for (let at = 0; at < 2048; at += 3) {
      expect(() => rewriteSearchPaths(make().bytes.subarray(0, at), toOrigin)).not.toThrow();
      const { bytes } = make();
      bytes[at] = 0xff;
      expect(() => rewriteSearchPaths(bytes, toOrigin)).not.toThrow();
    }
  });
});
