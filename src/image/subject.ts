import { closeSync, openSync, readSync } from "node:fs";
import { basename, posix } from "node:path";
import type { PlannedEntry, PlannedFile } from "../archive/entry.js";
import { libcOf, osOf } from "../native/binary-platform.js";
import { readElf } from "../native/elf.js";
import { readImage, TAG } from "../native/elf-image.js";
import type { Manifest } from "../manifest/manifest.js";

/** An environment that an image is made of: what goes in, and the manifest that tells of it. */
export interface ImageSubject {
  readonly manifest: Manifest;
  /** Without hard links, each folder before what it holds. */
  readonly entries: readonly PlannedEntry[];
  /** Where it will lie in the image, absolute: "/opt/shop". */
  readonly prefix: string;
}

/** Bytes of a text such as package.json. */
const MAX_TEXT = 16 << 20;

export function fileAt({ entries }: ImageSubject, path: string): PlannedFile | null {
  const found = entries.find((entry) => entry.path === path);
  return found?.type === "file" ? found : null;
}

/** The folder, as an arcpath, that is the environment's own project: of a workspace that of the member. */
export function projectFolder({ manifest }: ImageSubject): string {
  return manifest.kind === "project" ? (manifest.resolveFrom[0] ?? "app") : "";
}

/** The project's package.json; an empty map where there is none, or none that can be read. */
export function readPackageJson(subject: ImageSubject): ReadonlyMap<string, unknown> {
  const file = fileAt(subject, posix.join(projectFolder(subject), "package.json"));
  try {
    const value: unknown = JSON.parse(file === null || file.size > MAX_TEXT ? "{}" : readPlanned(file).toString("utf8"));
    return new Map(typeof value === "object" && value !== null ? Object.entries(value) : []);
  } catch {
    return new Map();
  }
}

/** The content of a planned file. */
export function readPlanned({ source, size }: PlannedFile): Buffer {
  if (source.kind === "bytes") return Buffer.from(source.bytes);
  const descriptor = openSync(source.file, "r");
  try {
    const bytes = Buffer.alloc(size);
    for (let done = 0; done < size;) {
      const count = readSync(descriptor, bytes, done, size - done, done);
      if (count === 0) return bytes.subarray(0, done);
      done += count;
    }
    return bytes;
  } finally {
    closeSync(descriptor);
  }
}

/** What the environment's own binaries ask of the system that runs them. */
export interface SystemNeeds {
  /** The dynamic loader that node names, absolute; null where no node goes in, or a static one. */
  readonly loader: string | null;
  /** Names of shared libraries that node needs, and of those that addons and their libraries need besides: none that the environment brings. */
  readonly byNode: readonly string[];
  readonly byAddons: readonly string[];
}

const NATIVE = /\.node$|\.so(?:\.\d+)*$/;

/** Reads the headers of node and of all addons and libraries that are for the manifest's platform. */
export function readSystemNeeds({ manifest, entries }: ImageSubject): SystemNeeds {
  const files = entries.filter((entry): entry is PlannedFile => entry.type === "file");
  const brought = new Set(entries.map(({ path }) => basename(path)));
  const lacking = (names: readonly string[]): string[] =>
    [...new Set(names.map((name) => basename(name)))].filter((name) => !brought.has(name)).sort();
  const node = files.find(({ path }) => path === "bin/node");
  const own = node?.source.kind === "disk" ? readElf(node.source.file, null) : null;
  const addons = files.filter(({ path }) => NATIVE.test(path)).flatMap((file) => neededBy(file, manifest));
  return { loader: own?.interpreter ?? null, byNode: lacking(own?.needed ?? []), byAddons: lacking(addons) };
}

function neededBy(file: PlannedFile, { platform }: Manifest): readonly string[] {
  if (file.source.kind === "bytes") return neededInMemory(readPlanned(file));
  const elf = readElf(file.source.file, null);
  if (elf === null || elf.arch !== platform.arch || osOf(elf) !== platform.os) return [];
  const libc = libcOf(elf);
  return libc !== null && libc !== platform.libc ? [] : elf.needed;
}

/** Of a library whose search path was rewritten for the archive: it is here because it goes in. */
function neededInMemory(content: Buffer): string[] {
  const image = readImage(content);
  if (image === null) return [];
  return image.entries
    .filter(({ tag }) => tag === TAG.NEEDED)
    .map(({ value }) => {
      const start = image.strings.at + value;
      return content.toString("utf8", start, Math.max(start, content.indexOf(0, start)));
    });
}
