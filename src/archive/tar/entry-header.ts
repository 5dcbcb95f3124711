import { EnvpackError } from "../../support/errors.js";
import { META, type DirectoryEntry, type HardlinkEntry, type PlannedEntry, type SymlinkEntry } from "../entry.js";
import type { TarHeader } from "./header-fields.js";
import { findPathFault, findTextFault } from "../path-rules.js";
import { isWorkPath } from "../work-names.js";

/** What all of an archive's headers share. */
export interface TarShape {
  /** The folder that every name of the tar stands in; "" for none. */
  readonly arcroot: string;
  /** Seconds since 1970: the time of folders and symbolic links, and of all else where times do not follow content. */
  readonly mtime: number;
  /** "content": the time of a file, and of hard links to it, follows from its digest (`timeOfFile`). */
  readonly times?: "content";
}

/** An entry as its header alone tells it: a file without its digest, but with the time that has to follow from that. */
export type HeadedEntry = DirectoryEntry | SymlinkEntry | (HardlinkEntry & HeadedTime) | HeadedFile;

export interface HeadedFile extends HeadedTime {
  readonly type: "file";
  readonly path: string;
  readonly executable: boolean;
  readonly size: number;
}

interface HeadedTime {
  /** Seconds since 1970. */
  readonly mtime: number;
}

/** The name that an arcpath has in the tar. */
export function tarName(path: string, arcroot: string): string {
  return arcroot === "" ? path : `${arcroot}/${path}`;
}

/** An entry without what only its header says. */
export type WithoutTime = DirectoryEntry | SymlinkEntry | HardlinkEntry | Omit<HeadedFile, "mtime">;

/**
 * The header of an entry.
 *
 * @param mtime of a file or a hard link, where it is not that of all
 */
export function headerOf(entry: WithoutTime | PlannedEntry, shape: TarShape, mtime: number = shape.mtime): TarHeader {
  const name = tarName(entry.path, shape.arcroot);
  const common = { name, executable: false, size: 0, linkname: "", mtime };
  switch (entry.type) {
    case "directory":
      return { ...common, type: "5" };
    case "file":
      return { ...common, type: "0", executable: entry.executable, size: entry.size };
    case "symlink":
      return { ...common, type: "2", linkname: entry.target };
    case "hardlink":
      return { ...common, type: "1", executable: entry.executable, linkname: tarName(entry.target, shape.arcroot) };
  }
}

/**
 * The entry that a header stands for. The time of a file or a hard link is for the caller to check, who has or gets
 * the content.
 *
 * @throws EnvpackError ARCHIVE_UNSAFE where its path is not one that may be written
 */
export function entryOf(header: TarHeader, shape: TarShape): HeadedEntry {
  const path = arcpathOf(header.name, shape);
  const { mtime } = header;
  if (header.type === "5" || header.type === "2") checkTime(mtime, shape.mtime, path);
  switch (header.type) {
    case "5":
      return { type: "directory", path };
    case "0":
      return { type: "file", path, executable: header.executable, size: header.size, mtime };
    case "1":
      return { type: "hardlink", path, executable: header.executable, target: arcpathOf(header.linkname, shape), mtime };
    case "2":
      return { type: "symlink", path, target: checkTarget(header.linkname, path) };
  }
}

/** @throws EnvpackError ARCHIVE_CORRUPT where an entry has another time than it must have */
export function checkTime(found: number, expected: number, path: string): void {
  if (found !== expected) throw new EnvpackError("ARCHIVE_CORRUPT", "the archive holds an entry with a time of its own", { path });
}

/** How the first header of an archive, that of `.envpack`, tells what all of them share. */
export function shapeOf(first: TarHeader): TarShape {
  const { name, type, mtime } = first;
  const inside = name.endsWith(`/${META.folder}`);
  const arcroot = inside ? name.slice(0, -META.folder.length - 1) : "";
  if (type !== "5" || (!inside && name !== META.folder)) {
    throw new EnvpackError("NOT_AN_ARCHIVE", `not an archive that envpack made: it does not begin with ${META.folder}`);
  }
  if (arcroot !== "") refuseFault(findPathFault(arcroot), arcroot);
  if (isWorkPath(arcroot)) refuseFault("a name that envpack keeps for its own work", arcroot);
  return { arcroot, mtime };
}

function arcpathOf(name: string, { arcroot }: TarShape): string {
  refuseFault(findPathFault(name), name);
  if (arcroot === "") return name;
  if (!name.startsWith(`${arcroot}/`)) {
    throw new EnvpackError("ARCHIVE_UNSAFE", "the archive holds an entry outside its own root", { path: name });
  }
  return name.slice(arcroot.length + 1);
}

function checkTarget(target: string, path: string): string {
  refuseFault(findTextFault(target), path);
  return target;
}

function refuseFault(fault: string | null, path: string): void {
  if (fault !== null) throw new EnvpackError("ARCHIVE_UNSAFE", `the archive holds ${fault}`, { path });
}
