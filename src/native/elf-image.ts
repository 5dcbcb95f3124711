/** An entry of the dynamic section. */
export interface DynamicEntry {
  readonly tag: number;
  readonly value: number;
  /** Where its value stands in the file. */
  readonly at: number;
}

/** A string of the dynamic string table that something of the file refers to, by its offset in the table. */
export interface StringReference {
  readonly offset: number;
  /** "version": the library that a needed version belongs to. */
  readonly by: "symbol" | "dynamic" | "version";
}

/** The parts of an ELF file that tell where libraries are looked for, with their places, so that they can be rewritten. */
export interface ElfImage {
  readonly entries: readonly DynamicEntry[];
  /** Of the dynamic string table, in the file. */
  readonly strings: { readonly at: number; readonly size: number };
  /** Linkers let strings share their ends: who changes one has to know of all. */
  readonly references: readonly StringReference[];
  /** Writes a dynamic entry's value. */
  writeValue(entry: DynamicEntry, value: number): void;
}

/** Dynamic tags (gabi 4.1, chapter 5; LSB for versions). */
export const TAG = {
  NEEDED: 1,
  STRTAB: 5,
  SYMTAB: 6,
  STRSZ: 10,
  SONAME: 14,
  RPATH: 15,
  RUNPATH: 29,
  FLAGS: 30,
  FLAGS_1: 0x6ffffffb,
} as const;
const HASH = 4;
const AUXILIARY = 0x7ffffffd;
const FILTER = 0x7fffffff;
const VERSIONS = { defined: 0x6ffffffc, definedCount: 0x6ffffffd, needed: 0x6ffffffe, neededCount: 0x6fffffff } as const;
const STRING_TAGS = new Set<number>([TAG.NEEDED, TAG.SONAME, TAG.RPATH, TAG.RUNPATH, AUXILIARY, FILTER]);
const DYNAMIC_SYMBOLS = 11;

/** The bytes are no ELF file with a dynamic section that can be read whole. */
class Unreadable extends Error {}

/** Reads what is in memory; null where a table does not lie in the file or is not what it should be. */
export function readImage(content: Buffer): ElfImage | null {
  try {
    return new ImageReader(content).read();
  } catch (error) {
    if (error instanceof Unreadable || error instanceof RangeError) return null;
    throw error;
  }
}

class ImageReader {
  readonly #content: Buffer;
  readonly #wide: boolean;
  readonly #little: boolean;
  readonly #loads: { readonly offset: number; readonly address: number; readonly size: number }[] = [];
  readonly #entries: DynamicEntry[] = [];

  constructor(content: Buffer) {
    this.#content = content;
    if (content.toString("latin1", 0, 4) !== "\x7fELF") throw new Unreadable();
    this.#wide = content[4] === 2;
    this.#little = content[5] !== 2;
  }

  read(): ElfImage {
    const dynamic = this.#readSegments();
    const step = this.#wide ? 16 : 8;
    for (let at = dynamic.offset; at + step <= dynamic.offset + dynamic.size; at += step) {
      const tag = this.#word(at);
      if (tag === 0) break;
      this.#entries.push({ tag, value: this.#word(at + step / 2), at: at + step / 2 });
    }
    const [address, size] = [this.#value(TAG.STRTAB), this.#value(TAG.STRSZ)];
    if (address === undefined || size === undefined) throw new Unreadable();
    const strings = { at: this.#offsetOf(address), size };
    if (strings.at + size > this.#content.length) throw new Unreadable();
    const references = [...this.#dynamicReferences(), ...this.#symbolReferences(strings.at), ...this.#versionReferences()];
    return { entries: this.#entries, strings, references, writeValue: ({ at }, value) => this.#writeWord(at, value) };
  }

  #readSegments(): { readonly offset: number; readonly size: number } {
    const at = this.#word(this.#wide ? 32 : 28);
    const [size, count] = [this.#u16(this.#wide ? 54 : 42), this.#u16(this.#wide ? 56 : 44)];
    let dynamic: { offset: number; size: number } | null = null;
    for (let from = at; from < at + size * count; from += size) {
      const segment = {
        offset: this.#word(from + (this.#wide ? 8 : 4)),
        address: this.#word(from + (this.#wide ? 16 : 8)),
        size: this.#word(from + (this.#wide ? 32 : 16)),
      };
      const type = this.#u32(from);
      if (type === 1) this.#loads.push(segment);
      if (type === 2) dynamic = segment;
    }
    if (dynamic === null) throw new Unreadable();
    return dynamic;
  }

  #dynamicReferences(): StringReference[] {
    return this.#entries.filter(({ tag }) => STRING_TAGS.has(tag)).map(({ value }) => ({ offset: value, by: "dynamic" }));
  }

  #symbolReferences(stringsAt: number): StringReference[] {
    const address = this.#value(TAG.SYMTAB);
    if (address === undefined) return [];
    const [at, step] = [this.#offsetOf(address), this.#wide ? 24 : 16];
    const found: StringReference[] = [];
    for (let left = this.#countSymbols(at, stringsAt, step), from = at; left > 0; left--, from += step)
      found.push({ offset: this.#u32(from), by: "symbol" });
    return found;
  }

  /** The section headers say how many there are, or the hash table; else there are no more than lie before the strings. */
  #countSymbols(at: number, stringsAt: number, step: number): number {
    const sections = this.#word(this.#wide ? 40 : 32);
    const [size, count] = [this.#u16(this.#wide ? 58 : 46), this.#u16(this.#wide ? 60 : 48)];
    for (let index = 0; index < (sections === 0 ? 0 : count); index++) {
      const from = sections + index * size;
      if (this.#u32(from + 4) === DYNAMIC_SYMBOLS) return Math.floor(this.#word(from + (this.#wide ? 32 : 20)) / step);
    }
    const hash = this.#value(HASH);
    if (hash !== undefined) return this.#u32(this.#offsetOf(hash) + 4);
    if (stringsAt <= at) throw new Unreadable();
    return Math.floor((stringsAt - at) / step);
  }

  /** Elf_Verneed: cnt @2, file @4, aux @8, next @12; its aux: name @8, next @12. Elf_Verdef: cnt @6, aux @12, next @16; its aux: name @0, next @4. */
  #versionReferences(): StringReference[] {
    return [
      ...this.#walkVersions(VERSIONS.needed, VERSIONS.neededCount, { count: 2, aux: 8, next: 12, name: 8, nextName: 12, file: 4 }),
      ...this.#walkVersions(VERSIONS.defined, VERSIONS.definedCount, { count: 6, aux: 12, next: 16, name: 0, nextName: 4, file: null }),
    ];
  }

  #walkVersions(
    tag: number,
    countTag: number,
    fields: { count: number; aux: number; next: number; name: number; nextName: number; file: number | null },
  ): StringReference[] {
    const [address, count] = [this.#value(tag), this.#value(countTag)];
    const found: StringReference[] = [];
    if (address === undefined || count === undefined) return found;
    for (let at = this.#offsetOf(address), left = count; left > 0; left--) {
      if (fields.file !== null) found.push({ offset: this.#u32(at + fields.file), by: "version" });
      for (let aux = at + this.#u32(at + fields.aux), names = this.#u16(at + fields.count); names > 0; names--) {
        found.push({ offset: this.#u32(aux + fields.name), by: "symbol" });
        if (this.#u32(aux + fields.nextName) === 0) break;
        aux += this.#u32(aux + fields.nextName);
      }
      if (this.#u32(at + fields.next) === 0) break;
      at += this.#u32(at + fields.next);
    }
    return found;
  }

  #value(tag: number): number | undefined {
    return this.#entries.find((entry) => entry.tag === tag)?.value;
  }

  #offsetOf(address: number): number {
    const segment = this.#loads.find(({ address: from, size }) => address >= from && address < from + size);
    if (segment === undefined) throw new Unreadable();
    return address - segment.address + segment.offset;
  }

  #u16(at: number): number {
    return this.#little ? this.#content.readUInt16LE(at) : this.#content.readUInt16BE(at);
  }

  #u32(at: number): number {
    return this.#little ? this.#content.readUInt32LE(at) : this.#content.readUInt32BE(at);
  }

  #word(at: number): number {
    if (!this.#wide) return this.#u32(at);
    return Number(this.#little ? this.#content.readBigUInt64LE(at) : this.#content.readBigUInt64BE(at));
  }

  #writeWord(at: number, value: number): void {
    if (this.#wide && this.#little) this.#content.writeBigUInt64LE(BigInt(value), at);
    else if (this.#wide) this.#content.writeBigUInt64BE(BigInt(value), at);
    else if (this.#little) this.#content.writeUInt32LE(value, at);
    else this.#content.writeUInt32BE(value, at);
  }
}
