import type { Codec, Decoder } from "./codec/codec.js";
import { META } from "./entry.js";

/** A way of compressing frames, loaded when it is first asked for. */
interface CodecEntry<Name extends string = string, Loaded extends Decoder = Codec> {
  readonly name: Name;
  /** Whether an archive of these frames begins like this; given its first `SNIFF_BYTES` bytes, or all. */
  readonly starts: (start: Buffer) => boolean;
  readonly load: () => Promise<Loaded>;
}

/** What can be made of an environment, and what each can do. The command line, the names of files and the docs follow from it. */
interface FormatEntry {
  readonly name: string;
  /** Of file names, in lower case, the usual one first; without its dot each is also a name of the format. A folder has none. */
  readonly endings: readonly string[];
  /** Other names of the format. */
  readonly aliases?: readonly string[];
  readonly container: "tar" | "zip" | "script" | "image" | "layers" | "folder";
  /** The archive format that it is made of, and is read as, where it is not one itself. */
  readonly madeOf?: "tar" | "tar.gz";
  /** What its frames are written by. An image is made of a plain tar, and compresses by itself. */
  readonly codec: CodecEntry;
  /** Whether it can be written to, and read from, a stream: "both", one, or neither. A zip's directory is at its end. */
  readonly stream: "both" | "write" | "read" | "none";
  /** Whether frames are taken over from an earlier archive. */
  readonly reuse: boolean;
  readonly sign: boolean;
  /** "all" kinds; no "hard" links; "chosen": no hard links, and symbolic ones where that is asked for. */
  readonly links: "all" | "symbolic" | "chosen";
  /** How it is restored without envpack: a command, and its words before and behind the file's name. */
  readonly plain: readonly [before: string, behind: string];
  /** How a worker that has no envpack reads the first files of "$copy"; GNU tar, bsdtar and busybox take these options. */
  readonly onNodes?: { readonly program: string; readonly extract: string };
}

const begins = (hex: string) => {
  const magic = Buffer.from(hex, "hex");
  return (start: Buffer): boolean => start.indexOf(magic) === 0;
};

/** gzip, by the id of the first subfield that is envpack's. */
const beginsGzip = (id: string) => (start: Buffer) => begins("1f8b0804")(start) && start.toString("latin1", 12, 14) === id;

/** A long root folder's name goes on behind what is looked at. */
function beginsZip(start: Buffer): boolean {
  if (!begins("504b0304")(start) || start.length < ZIP_NAME_AT) return false;
  const length = start.readUInt16LE(26);
  return length > SNIFF_BYTES - ZIP_NAME_AT || start.toString("utf8", ZIP_NAME_AT, ZIP_NAME_AT + length).endsWith(`${META.folder}/`);
}

/** So many bytes of an archive's start tell its codec. */
export const SNIFF_BYTES = 263;
const ZIP_NAME_AT = 30;

const NONE = {
  name: "none",
  starts: (start: Buffer) => start.toString("latin1", 257, 263) === "ustar\u0000",
  load: async () => (await import("./codec/none.js")).none,
} as const satisfies CodecEntry;

const TAR = { container: "tar", stream: "both", reuse: true, sign: true, links: "all" } as const;
const GZIP = {
  name: "gzip",
  starts: beginsGzip("EM"),
  load: async () => (await import("./codec/gzip.js")).gzip,
} as const satisfies CodecEntry;
/** Not every tar that is in use knows every program. */
const piped = (program: string) => ({ program, extract: `${program} -dcq "$copy" | tar -xof -` });

export const FORMATS = [
  {
    ...TAR,
    name: "tar.zst",
    endings: [".tar.zst", ".tzst"],
    plain: ["tar -x --zstd -f", "-C DIR"],
    onNodes: piped("zstd"),
    codec: { name: "zstd", starts: begins("28b52ffd"), load: async () => (await import("./codec/load-zstd.js")).loadZstd() },
  },
  {
    ...TAR,
    name: "tar.gz",
    endings: [".tar.gz", ".tgz"],
    plain: ["tar -xf", "-C DIR"],
    onNodes: { program: "gzip", extract: 'tar -xzof "$copy"' },
    codec: GZIP,
  },
  {
    ...TAR,
    name: "tar",
    endings: [".tar"],
    plain: ["tar -xf", "-C DIR"],
    onNodes: { program: "tar", extract: 'tar -xof "$copy"' },
    codec: NONE,
  },
  {
    ...TAR,
    name: "tar.xz",
    endings: [".tar.xz", ".txz"],
    plain: ["tar -xf", "-C DIR"],
    onNodes: piped("xz"),
    codec: { name: "xz", starts: begins("fd377a585a00"), load: async () => (await import("./codec/xz.js")).loadXz() },
  },
  {
    ...TAR,
    name: "tar.bz2",
    endings: [".tar.bz2", ".tbz2", ".tbz"],
    plain: ["tar -xf", "-C DIR"],
    onNodes: piped("bzip2"),
    codec: { name: "bzip2", starts: begins("425a68"), load: async () => (await import("./codec/bzip2.js")).loadBzip2() },
  },
  {
    container: "zip",
    stream: "write",
    reuse: false,
    sign: true,
    links: "chosen",
    name: "zip",
    endings: [".zip"],
    plain: ["unzip -q", "-d DIR"],
    codec: { name: "zip", starts: beginsZip, load: async () => (await import("./zip/codec.js")).zip },
  },
  { ...TAR, container: "script", madeOf: "tar.gz", stream: "read", name: "sh", endings: [".sh"], plain: ["sh", "DIR"], codec: GZIP },
  { ...TAR, stream: "none", name: "parcel", endings: [".parcel"], madeOf: "tar.gz", plain: ["tar -xf", "-C DIR"], codec: GZIP },
  {
    container: "image",
    madeOf: "tar",
    stream: "none",
    reuse: false,
    sign: false,
    links: "symbolic",
    name: "squashfs",
    endings: [".squashfs", ".sqfs"],
    plain: ["mount -t squashfs -o loop,ro", "DIR"],
    codec: NONE,
  },
  {
    container: "layers",
    madeOf: "tar",
    stream: "none",
    reuse: true,
    sign: false,
    links: "symbolic",
    name: "oci",
    endings: [".oci.tar", ".oci"],
    plain: ["podman load -i", ""],
    codec: NONE,
  },
  {
    container: "folder",
    madeOf: "tar",
    stream: "none",
    reuse: false,
    sign: false,
    links: "all",
    name: "directory",
    endings: [],
    aliases: ["no-archive"],
    plain: ["cp -a", "DIR"],
    codec: NONE,
  },
] as const satisfies readonly FormatEntry[];

/** What was written before, and is still read. */
const FORMER = [
  {
    format: "tar.gz",
    name: "gzip-members",
    starts: beginsGzip("EP"),
    load: async () => (await import("./codec/gzip-members.js")).gzipMembers,
  },
] as const satisfies readonly (CodecEntry<string, Decoder> & { readonly format: ArchiveFormat })[];

export type Format = (typeof FORMATS)[number];
/** What `pack` writes: an archive, or what is made of one: a parcel, a self-extracting file, a file system image, a folder. */
export type PackFormat = Format["name"];
/** What envpack reads: a tar in frames of one codec each, or a zip in the same frames; see docs/format.md. */
export type ArchiveFormat = Exclude<Format, { readonly madeOf: string }>["name"];
export type TarFormat = Exclude<Extract<Format, { readonly container: "tar" }>, { readonly madeOf: string }>["name"];
export type WritingCodec = Format["codec"]["name"];
export type CodecName = WritingCodec | (typeof FORMER)[number]["name"];

export function isTar(format: Format): format is Extract<Format, { readonly name: TarFormat }> {
  return format.container === "tar" && !("madeOf" in format);
}

/** The archive format that a format is, or is made of. */
export function archiveFormatOf(name: PackFormat): ArchiveFormat {
  return formatOf(name).madeOf ?? (name as ArchiveFormat);
}

/** An entry of the registry. */
export function formatOf(name: PackFormat): Format & FormatEntry {
  return FORMATS.find((format) => format.name === name) as Format;
}

/** The archive format of that name; null where there is none. */
export function archiveFormat(name: unknown): ArchiveFormat | null {
  const found = FORMATS.find((format) => format.name === name);
  return found === undefined || "madeOf" in found ? null : found.name;
}

/** Whether archives of a format are, or were, written by a codec. */
export function isWrittenBy(format: ArchiveFormat, codec: string): boolean {
  return formatOf(format).codec.name === codec || FORMER.some((former) => former.format === format && former.name === codec);
}

/** All codecs that archives are read by. */
export const CODECS: readonly CodecEntry<CodecName, Decoder>[] = [
  ...FORMATS.filter((format) => !("madeOf" in format)).map(({ codec }) => codec),
  ...FORMER,
];

/** The names that a format goes by, and which of them is meant: `tgz` is `tar.gz`. */
export const FORMAT_NAMES: ReadonlyMap<string, PackFormat> = new Map(
  FORMATS.flatMap(({ name, endings, aliases = [] }: Format & FormatEntry) =>
    [name, ...endings.map((ending) => ending.slice(1)), ...aliases].map((one) => [one, name] as const),
  ),
);

/** The longest that a name ends in goes first. */
const ENDINGS = FORMATS.flatMap(({ name, endings }: Format & FormatEntry) => endings.map((ending) => ({ ending, name }))).sort(
  (a, b) => b.ending.length - a.ending.length,
);

/** What names of archives end in. That of a script says nothing: most are somebody's commands. */
export const ARCHIVE_ENDINGS: readonly string[] = ENDINGS.filter(({ name }) => formatOf(name).container !== "script").map(
  ({ ending }) => ending,
);

/** The format that a file's name asks for; null where its ending is none of ours. */
export function formatOfName(name: string): PackFormat | null {
  const lower = name.toLowerCase();
  return ENDINGS.find(({ ending }) => lower.endsWith(ending))?.name ?? null;
}

/** The name without its archive ending; the name itself where it has none. */
export function withoutEnding(name: string): string {
  const lower = name.toLowerCase();
  const found = ENDINGS.find(({ ending }) => lower.endsWith(ending));
  return found === undefined ? name : name.slice(0, -found.ending.length);
}

/** The usual endings of some formats as a sentence names them: ".tar.zst, .tar.gz or .tar". */
export function endingsText(wanted: (format: Format) => boolean = () => true): string {
  const endings = FORMATS.filter(wanted).flatMap(({ endings }: FormatEntry) => endings.slice(0, 1));
  return [endings.slice(0, -1).join(", "), ...endings.slice(-1)].filter((part) => part !== "").join(" or ");
}
