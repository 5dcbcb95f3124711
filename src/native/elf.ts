import { PT_LOAD, PT_DYNAMIC, PT_INTERP, DT, DT_GNU_HASH, DT_VERNEED, DT_VERNEEDNUM, RELA } from "./elf-fields.js";
import { compareVersions } from "../support/compare-versions.js";
import { bytesOf, withFile, type ByteReader } from "./byte-reader.js";

/**
 * What an ELF file's header and dynamic section tell. Source: the System V ABI, generic part
 * (gabi 4.1), chapters 4 and 5, and the LSB for symbol versions (.gnu.version_r).
 */
export interface ElfFile {
  readonly class: 32 | 64;
  /** EI_OSABI: the system that it is marked for; 0: none. */
  readonly osAbi: number;
  /** As `process.arch`; null: a machine Node does not run on. */
  readonly arch: string | null;
  /** The program interpreter (the dynamic loader); null of libraries and static programs. */
  readonly interpreter: string | null;
  readonly needed: readonly string[];
  /** RPATH and RUNPATH, each split at its colons. */
  readonly runPaths: readonly string[];
  /** The highest GLIBC_x.y that it needs, as "2.28". */
  readonly glibc: string | null;
  /** Defined dynamic symbols that `wantedSymbols` matches. */
  readonly symbols: readonly string[];
  /** Undefined dynamic symbols that `wantedSymbols` matches. */
  readonly imports: readonly string[];
  /** The NODE_MODULE_VERSION of an addon that registers itself by `node_module_register`; null: none, or not asked for. */
  readonly moduleVersion: string | null;
}

/** e_machine to `process.arch`. */
const MACHINES = new Map([
  [3, "ia32"],
  [8, "mips"],
  [20, "ppc"],
  [21, "ppc64"],
  [22, "s390x"],
  [40, "arm"],
  [62, "x64"],
  [183, "arm64"],
  [243, "riscv64"],
  [258, "loong64"],
]);

/** No table of an honest file is larger; a lying one must not make us allocate. */
const TABLE_LIMIT = 256 << 20;

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

/** Thrown inside this file only: the bytes are no ELF that can be read. */
class Malformed extends Error {}

/**
 * Reads an ELF file; null where it is none or is damaged. System errors are thrown as they come.
 *
 * @param wantedSymbols which dynamic symbols to look for; null: none (the table is not read)
 */
export function readElf(file: string, wantedSymbols: RegExp | null): ElfFile | null {
  return withFile(file, (reader) => readElfFrom(reader, wantedSymbols));
}

/** The same of a file's content. */
export function parseElf(content: Buffer, wantedSymbols: RegExp | null): ElfFile | null {
  return readElfFrom(bytesOf(content), wantedSymbols);
}

function readElfFrom(reader: ByteReader, wantedSymbols: RegExp | null): ElfFile | null {
  try {
    return new ElfReader(reader).read(wantedSymbols);
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

class ElfReader {
  readonly #reader: ByteReader;
  readonly #size: number;
  #wide = true;
  #little = true;
  #segments: readonly Segment[] = [];

  constructor(reader: ByteReader) {
    this.#reader = reader;
    this.#size = reader.size;
  }

  read(wantedSymbols: RegExp | null): ElfFile {
    const ident = this.#bytes(0, 20);
    if (ident.toString("latin1", 0, 4) !== "\x7fELF") throw new Malformed();
    const [elfClass, encoding] = [ident[4], ident[5]];
    if ((elfClass !== 1 && elfClass !== 2) || (encoding !== 1 && encoding !== 2)) throw new Malformed();
    this.#wide = elfClass === 2;
    this.#little = encoding === 1;
    this.#segments = this.#readSegments();
    const interpreter = this.#segments.find((segment) => segment.type === PT_INTERP);
    return {
      class: this.#wide ? 64 : 32,
      osAbi: ident[7] ?? 0,
      arch: this.#archOf(this.#u16(ident, 18)),
      interpreter: interpreter === undefined ? null : text(this.#bytes(interpreter.offset, interpreter.size), 0),
      ...this.#readDynamic(wantedSymbols),
    };
  }

  #archOf(machine: number): string | null {
    return machine === 8 && this.#little ? "mipsel" : (MACHINES.get(machine) ?? null);
  }

  #readSegments(): Segment[] {
    const header = this.#bytes(0, this.#wide ? 64 : 52);
    const at = this.#word(header, this.#wide ? 32 : 28);
    const entrySize = this.#u16(header, this.#wide ? 54 : 42);
    const count = this.#u16(header, this.#wide ? 56 : 44);
    if (count > 0 && entrySize < (this.#wide ? 56 : 32)) throw new Malformed();
    const table = this.#bytes(at, entrySize * count);
    return Array.from({ length: count }, (_, index) => {
      const from = index * entrySize;
      return {
        type: this.#u32(table, from),
        offset: this.#word(table, from + (this.#wide ? 8 : 4)),
        address: this.#word(table, from + (this.#wide ? 16 : 8)),
        size: this.#word(table, from + (this.#wide ? 32 : 16)),
      };
    });
  }

  #readDynamic(wanted: RegExp | null): Omit<ElfFile, "class" | "osAbi" | "arch" | "interpreter"> {
    const segment = this.#segments.find(({ type }) => type === PT_DYNAMIC);
    const nothing = { needed: [], runPaths: [], glibc: null, symbols: [], imports: [], moduleVersion: null };
    if (segment === undefined) return nothing;
    const entries = this.#dynamicEntries(segment);
    const value = (tag: number): number | undefined => entries.find(([found]) => found === tag)?.[1];
    const [stringsAt, stringsSize] = [value(DT.STRTAB), value(DT.STRSZ)];
    if (stringsAt === undefined || stringsSize === undefined) return nothing;
    const strings = this.#bytes(this.#offsetOf(stringsAt), stringsSize);
    const textsOf = (tag: number): string[] => entries.filter(([found]) => found === tag).map(([, offset]) => text(strings, offset));
    const known = wanted === null ? { symbols: [], imports: [] } : this.#readSymbols(strings, wanted, value);
    const paths = [...textsOf(DT.RPATH), ...textsOf(DT.RUNPATH)];
    return {
      needed: textsOf(DT.NEEDED),
      runPaths: paths.flatMap((path) => path.split(":")).filter((path) => path !== ""),
      glibc: this.#highestGlibc(strings, value(DT_VERNEED), value(DT_VERNEEDNUM)),
      ...known,
      // Only there is it asked for: a large library has a hundred thousand relocations to go through.
      moduleVersion: known.imports.includes("node_module_register") ? this.#readModuleVersion(value(DT.RELA), value(DT.RELASZ)) : null,
    };
  }

  /**
   * nm_version of the `node_module` that NODE_MODULE_X of node.h makes: nm_version @0, nm_flags @4,
   * nm_dso_handle @8, nm_filename @16, nm_modname @40. The loader fills the addresses in, and its
   * relocations tell where: two texts 24 bytes apart, a source file and a name.
   */
  #readModuleVersion(address: number | undefined, size: number | undefined): string | null {
    const table = this.#relocations(address, size);
    const targets = new Map<number, number>();
    for (let at = 0; at < table.length; at += RELA) targets.set(this.#word(table, at), this.#word(table, at + 16));
    for (const [place, file] of targets) {
      const name = targets.get(place + 24);
      if (name === undefined || !/\.(?:c|cc|cpp|cxx|C)$/.test(this.#textAt(file)) || !/^[\w.-]+$/.test(this.#textAt(name))) continue;
      const start = this.#findOffset(place - 16);
      const head = start === null ? null : this.#bytes(start, 16);
      if (head !== null && this.#u32(head, 0) > 0 && this.#u32(head, 4) < 16 && this.#word(head, 8) === 0)
        return String(this.#u32(head, 0));
    }
    return null;
  }

  /** How many symbols there must be for relocations to name those that they name; large libraries have a hundred thousand relocations. */
  #countNamed(address: number | undefined, size: number | undefined): number {
    const table = this.#relocations(address, size);
    let count = 0;
    for (let at = this.#little ? 12 : 8; at < table.length; at += RELA) count = Math.max(count, this.#u32(table, at) + 1);
    return count;
  }

  /** A table of Elf64_Rela: r_offset @0, r_info @8 with the symbol's index in its upper half, r_addend @16; those of 32 bits are not read. */
  #relocations(address: number | undefined, size = 0): Buffer {
    if (!this.#wide || address === undefined) return Buffer.alloc(0);
    return this.#bytes(this.#offsetOf(address), size).subarray(0, size - (size % RELA));
  }

  /** The text at an address, as far as a path may be long; "" where there is none. */
  #textAt(address: number): string {
    const at = this.#findOffset(address);
    if (at === null) return "";
    const bytes = this.#bytes(at, Math.min(4096, this.#size - at));
    return bytes.toString("utf8", 0, Math.max(bytes.indexOf(0), 0));
  }

  #dynamicEntries(segment: Segment): [number, number][] {
    const step = this.#wide ? 16 : 8;
    const table = this.#bytes(segment.offset, segment.size);
    const entries: [number, number][] = [];
    for (let at = 0; at + step <= table.length; at += step) {
      const tag = this.#word(table, at);
      if (tag === 0) break;
      entries.push([tag, this.#word(table, at + step / 2)]);
    }
    return entries;
  }

  /** Elf_Verneed: cnt @2, file @4, aux @8, next @12; Elf_Vernaux: name @8, next @12. */
  #highestGlibc(strings: Buffer, address: number | undefined, count = 0): string | null {
    let highest: string | null = null;
    let at = address === undefined ? 0 : this.#offsetOf(address);
    for (let left = address === undefined ? 0 : count; left > 0; left--) {
      const need = this.#bytes(at, 16);
      let auxAt = at + this.#u32(need, 8);
      for (let names = this.#u16(need, 2); names > 0; names--) {
        const aux = this.#bytes(auxAt, 16);
        const version = /^GLIBC_(\d+(?:\.\d+)*)$/.exec(text(strings, this.#u32(aux, 8)))?.[1];
        if (version !== undefined && (highest === null || compareVersions(version, highest) > 0)) highest = version;
        if (this.#u32(aux, 12) === 0) break;
        auxAt += this.#u32(aux, 12);
      }
      if (this.#u32(need, 12) === 0) break;
      at += this.#u32(need, 12);
    }
    return highest;
  }

  #readSymbols(strings: Buffer, wanted: RegExp, value: (tag: number) => number | undefined): Pick<ElfFile, "symbols" | "imports"> {
    const table = value(DT.SYMTAB);
    const found = { symbols: [] as string[], imports: [] as string[] };
    if (table === undefined) return found;
    const step = this.#wide ? 24 : 16;
    // A table of no exported symbol may count none of the imports; each of these has a relocation.
    const named = Math.max(this.#countNamed(value(DT.RELA), value(DT.RELASZ)), this.#countNamed(value(DT.JMPREL), value(DT.PLTRELSZ)));
    const count = Math.max(named, this.#countSymbols(value(DT.HASH), value(DT_GNU_HASH)));
    const symbols = this.#bytes(this.#offsetOf(table), step * count);
    for (let at = 0; at < symbols.length; at += step) {
      const name = text(strings, this.#u32(symbols, at));
      if (!wanted.test(name)) continue;
      const section = this.#u16(symbols, at + (this.#wide ? 6 : 14));
      (section === 0 ? found.imports : found.symbols).push(name);
    }
    return found;
  }

  /** The dynamic section does not say how many symbols there are; its hash tables do. */
  #countSymbols(hash: number | undefined, gnuHash: number | undefined): number {
    // The GNU table first: the words of the old one are 8 bytes wide on some machines.
    if (gnuHash === undefined) return hash === undefined ? 0 : this.#u32(this.#bytes(this.#offsetOf(hash), 8), 4);
    const at = this.#offsetOf(gnuHash);
    const header = this.#bytes(at, 16);
    const [buckets, first, bloom] = [this.#u32(header, 0), this.#u32(header, 4), this.#u32(header, 8)];
    const bucketsAt = at + 16 + bloom * (this.#wide ? 8 : 4);
    const table = this.#bytes(bucketsAt, buckets * 4);
    let last = 0;
    for (let index = 0; index < buckets; index++) last = Math.max(last, this.#u32(table, index * 4));
    if (last < first) return first;
    // The last chain ends with the entry whose lowest bit is set.
    const chainsAt = bucketsAt + buckets * 4;
    while ((this.#u32(this.#bytes(chainsAt + (last - first) * 4, 4), 0) & 1) === 0) last++;
    return last + 1;
  }

  /** Where in the file the byte lies that is loaded at `address`. */
  #offsetOf(address: number): number {
    const offset = this.#findOffset(address);
    if (offset === null) throw new Malformed();
    return offset;
  }

  #findOffset(address: number): number | null {
    const segment = this.#segments.find(({ type, address: from, size }) => type === PT_LOAD && address >= from && address < from + size);
    return segment === undefined ? null : address - segment.address + segment.offset;
  }

  #bytes(offset: number, length: number): Buffer {
    if (offset < 0 || length < 0 || length > TABLE_LIMIT || offset + length > this.#size) throw new Malformed();
    const bytes = this.#reader.read(offset, length);
    if (bytes.length !== length) throw new Malformed();
    return bytes;
  }

  #u16(buffer: Buffer, at: number): number {
    return this.#little ? buffer.readUInt16LE(at) : buffer.readUInt16BE(at);
  }

  #u32(buffer: Buffer, at: number): number {
    return this.#little ? buffer.readUInt32LE(at) : buffer.readUInt32BE(at);
  }

  /** A 32 or 64 bit field, by the file's class. */
  #word(buffer: Buffer, at: number): number {
    if (!this.#wide) return this.#u32(buffer, at);
    const value = this.#little ? buffer.readBigUInt64LE(at) : buffer.readBigUInt64BE(at);
    return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(value);
  }
}

/** The NUL-ended text at an offset of a string table. */
function text(strings: Buffer, at: number): string {
  const end = strings.indexOf(0, at);
  if (at >= strings.length || end === -1) throw new Malformed();
  return strings.toString("utf8", at, end);
}
