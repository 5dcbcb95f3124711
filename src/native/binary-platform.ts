import { bytesOf, withFile, type ByteReader } from "./byte-reader.js";
import { readElf, type ElfFile } from "./elf.js";

/** What a program or library was built for, by its header. */
export interface BinaryPlatform {
  /** As `process.platform`. */
  readonly os: string;
  /** As `process.arch`; null: a processor that Node does not run on, or a header that is cut off. */
  readonly arch: string | null;
  /** Further processors of a universal Mach-O file; absent: there are none. */
  readonly alsoFor?: readonly string[];
  /** The C library it asks for; null: none, or not known. */
  readonly libc: "glibc" | "musl" | null;
}

/** EI_OSABI to `process.platform` (gabi 4.1, chapter 4). Linux' own files mostly have 0, and so do many of others. */
const OS_ABIS = new Map([
  [2, "netbsd"],
  [6, "sunos"],
  [7, "aix"],
  [9, "freebsd"],
  [12, "openbsd"],
]);

/** Libraries and loaders that one system alone has, by the names that NEEDED and the interpreter give them. */
const OS_LIBRARIES: readonly (readonly [RegExp, string])[] = [
  [/^(libthr\.so\.\d+|libc\.so\.7|ld-elf\.so\.1)$/, "freebsd"],
  [/^(libc\.so\.12|ld\.elf_so)$/, "netbsd"],
  [/^(libc\.so\.\d+\.\d+|ld\.so)$/, "openbsd"],
  // Bionic's libraries have no versions in their names; of musl's there is but the one, libc.so.
  [/^(lib(dl|m|log|android)\.so|libc\+\+_shared\.so|linker(64)?)$/, "android"],
];

/** What a file was built for; null where it is no program or library of a known format, as a script. System errors are thrown as they come. */
export function readBinaryPlatform(file: string): BinaryPlatform | null {
  const elf = readElf(file, null);
  return elf === null ? readForeignFormat(file) : { os: osOf(elf), arch: elf.arch, libc: libcOf(elf) };
}

/** The system that an ELF file is for: by its own mark, else by the libraries that it asks for. */
export function osOf({ osAbi, interpreter, needed }: Pick<ElfFile, "osAbi" | "interpreter" | "needed">): string {
  const marked = OS_ABIS.get(osAbi);
  if (marked !== undefined) return marked;
  const names = namesOf(interpreter, needed);
  return OS_LIBRARIES.find(([pattern]) => names.some((name) => pattern.test(name)))?.[1] ?? "linux";
}

/** musl's libc is named `libc.musl-x86_64.so.1` by Alpine and `libc.so` by other toolchains. Only Linux has a choice. */
export function libcOf(elf: Pick<ElfFile, "osAbi" | "interpreter" | "needed" | "glibc">): BinaryPlatform["libc"] {
  if (osOf(elf) !== "linux") return null;
  const names = namesOf(elf.interpreter, elf.needed);
  if (names.some((name) => name.startsWith("libc.musl-") || name.startsWith("ld-musl-") || name === "libc.so")) return "musl";
  return elf.glibc !== null || names.some((name) => /^libc\.so\.6/.test(name)) ? "glibc" : null;
}

function namesOf(interpreter: string | null, needed: readonly string[]): string[] {
  return [interpreter ?? "", ...needed].map((name) => name.slice(name.lastIndexOf("/") + 1));
}

/** cputype of mach/machine.h, and Machine of the PE format, to `process.arch`. */
const MACH_CPUS = new Map([
  [7, "ia32"],
  [0x01000007, "x64"],
  [12, "arm"],
  [0x0100000c, "arm64"],
  [18, "ppc"],
  [0x01000012, "ppc64"],
]);
const PE_MACHINES = new Map([
  [0x14c, "ia32"],
  [0x8664, "x64"],
  [0x1c0, "arm"],
  [0x1c4, "arm"],
  [0xaa64, "arm64"],
]);
/** A universal file has a few parts; what begins with the same word and counts more is a class of Java. */
const MOST_PARTS = 30;

/** Mach-O and PE, of which the processor is read and no more. @returns null for any other format */
export function readForeignFormat(file: string): BinaryPlatform | null {
  return withFile(file, readForeignFrom);
}

/** The same of a file's content. */
export function parseForeignFormat(content: Buffer): BinaryPlatform | null {
  return readForeignFrom(bytesOf(content));
}

function readForeignFrom(reader: ByteReader): BinaryPlatform | null {
  const head = reader.read(0, 4096);
  if (head.length < 4) return null;
  if (head.toString("latin1", 0, 2) === "MZ") return { os: "win32", arch: peArch(head, (...place) => reader.read(...place)), libc: null };
  return readMachO(head);
}

/** e_lfanew @0x3c leads to "PE\0\0", and Machine follows it. */
function peArch(head: Buffer, read: (offset: number, length: number) => Buffer): string | null {
  if (head.length < 0x40) return null;
  const header = read(head.readUInt32LE(0x3c), 6);
  return header.length < 6 || header.toString("latin1", 0, 4) !== "PE\0\0" ? null : (PE_MACHINES.get(header.readUInt16LE(4)) ?? null);
}

/** mach_header: magic @0, cputype @4, in the file's own byte order; fat_header: magic @0, count @4, then a fat_arch a part, always big-endian. */
function readMachO(head: Buffer): BinaryPlatform | null {
  const mac = { os: "darwin", libc: null };
  const cpuAt = (at: number, little: boolean): string | null =>
    at + 4 > head.length ? null : (MACH_CPUS.get(little ? head.readUInt32LE(at) : head.readUInt32BE(at)) ?? null);
  const magic = head.readUInt32BE(0);
  if (magic === 0xfeedface || magic === 0xfeedfacf) return { ...mac, arch: cpuAt(4, false) };
  if (magic === 0xcefaedfe || magic === 0xcffaedfe) return { ...mac, arch: cpuAt(4, true) };
  if ((magic !== 0xcafebabe && magic !== 0xcafebabf) || head.length < 8) return null;
  const parts = head.readUInt32BE(4);
  if (parts === 0 || parts > MOST_PARTS) return null;
  const step = magic === 0xcafebabe ? 20 : 32;
  const [arch = null, ...alsoFor] = Array.from({ length: parts }, (_, index) => cpuAt(8 + index * step, false)).filter(
    (one) => one !== null,
  );
  return { ...mac, arch, ...(alsoFor.length === 0 ? {} : { alsoFor }) };
}
