/** The archive formats: a tar in frames of one codec each, or a zip in the same frames; see docs/format.md. */
export type ArchiveFormat = TarFormat | "zip";
export type TarFormat = "tar.zst" | "tar.gz" | "tar";
/** What `pack` writes: an archive, or a file system image of what its tar holds. */
export type PackFormat = ArchiveFormat | "squashfs";
export type CodecName = "zstd" | "gzip" | "none" | "zip";

/** Endings of file names, longest first, in lower case. */
const ENDINGS: readonly (readonly [string, PackFormat])[] = [
  [".tar.zst", "tar.zst"],
  [".tzst", "tar.zst"],
  [".tar.gz", "tar.gz"],
  [".tgz", "tar.gz"],
  [".tar", "tar"],
  [".zip", "zip"],
  [".squashfs", "squashfs"],
  [".sqfs", "squashfs"],
];

export const CODECS: Readonly<Record<ArchiveFormat, CodecName>> = {
  "tar.zst": "zstd",
  "tar.gz": "gzip",
  tar: "none",
  zip: "zip",
};

/** The format that a file's name asks for; null where its ending is none of ours. */
export function formatOfName(name: string): PackFormat | null {
  const lower = name.toLowerCase();
  return ENDINGS.find(([ending]) => lower.endsWith(ending))?.[1] ?? null;
}

/** The name without its archive ending; the name itself where it has none. */
export function withoutEnding(name: string): string {
  const lower = name.toLowerCase();
  const ending = ENDINGS.find(([candidate]) => lower.endsWith(candidate))?.[0];
  return ending === undefined ? name : name.slice(0, -ending.length);
}
