import { lstat, realpath } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { FileFixup } from "./file-fixups.js";
import { findOriginal } from "./original.js";
import type { Relocation } from "./relocation.js";
import { readPlainFile, relink, replaceFile } from "./replace-file.js";
import { cutSegments, rewriteContent, type Segment } from "../scan/segments.js";

/** A place that still names an old root: `<path> <reason>` reads as a sentence. */
export interface Unfit {
  readonly path: string;
  /** Offset in the original content; null where it is the file as a whole. */
  readonly at: number | null;
  readonly reason: string;
}

/** What a file is to become; found out before anything is written. */
export interface Survey {
  readonly file: FileFixup;
  /** Of the original content; null where that was not found, so that the file is left alone. */
  readonly segments: readonly Segment[] | null;
  /** The file, or a hard link of it, does not yet hold what it should. */
  readonly stale: boolean;
  /** Places that can be written. */
  readonly places: number;
  readonly unfit: readonly Unfit[];
}

/** Where files are read and written, and what is known of their past. */
export interface Site {
  /** The environment's real path. */
  readonly folder: string;
  /** The place to write. */
  readonly root: string;
  readonly relocation: Relocation | null;
}

/** Reads a file and its hard links and tells what is to be done; null where it was not restored or was removed. */
export async function surveyFile(file: FileFixup, site: Site): Promise<Survey | null> {
  let survey: Survey | null = null;
  for (const path of [file.fixup.path, ...file.links]) {
    const seen = await surveyPath(path, file, site);
    if (seen === null) continue;
    survey = survey === null ? seen : addLink(survey, seen);
  }
  return survey;
}

/** A hard link has the places of its file, which are told once; of its own it has what concerns it as a whole. */
function addLink(survey: Survey, link: Survey): Survey {
  const segments = survey.segments ?? link.segments;
  return {
    ...survey,
    segments,
    stale: survey.stale || link.stale,
    unfit: [...survey.unfit, ...link.unfit.filter((one) => one.at === null)],
  };
}

async function surveyPath(path: string, file: FileFixup, site: Site): Promise<Survey | null> {
  const { fixup, entry } = file;
  const found = await readInside(site.folder, path);
  if (found === "absent") return null;
  const leave = (reason: string): Survey => ({ file, segments: null, stale: false, places: 0, unfit: [{ path, at: null, reason }] });
  if (found === "other") return leave("is no longer a plain file");
  const original = findOriginal(found.content, fixup, site.relocation, entry.sha256);
  if (original === null) return leave("was changed since it was restored");
  const { segments, unfit } = cutSegments(original, fixup);
  const rewritten = rewriteContent(original, segments, fixup, site.root);
  const misfits = [...unfit, ...rewritten.unfit].map((place) => ({ path, ...place }));
  const places = fixup.places.length - misfits.length;
  return { file, segments, stale: !rewritten.bytes.equals(found.content), places, unfit: misfits };
}

/** Reads a file below a folder, unless a link was put in its way since the archive was checked. */
async function readInside(
  folder: string,
  path: string,
): Promise<"absent" | "other" | NonNullable<Awaited<ReturnType<typeof readPlainFile>>>> {
  const absolute = join(folder, path);
  const exists = await lstat(absolute).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return false;
      throw error;
    },
  );
  if (!exists) return "absent";
  if ((await realpath(dirname(absolute))) !== dirname(absolute)) return "other";
  return (await readPlainFile(absolute)) ?? "other";
}

/**
 * Writes what the survey found: the file first, then its hard links, each by a rename.
 *
 * @param temporary a free path on the same file system
 * @returns whether anything was written
 */
export async function rewriteFile({ file, segments }: Survey, site: Site, temporary: string): Promise<boolean> {
  if (segments === null) return false;
  let written = false;
  for (const path of [file.fixup.path, ...file.links]) {
    const found = await readInside(site.folder, path);
    if (found === "absent" || found === "other") continue;
    const original = findOriginal(found.content, file.fixup, site.relocation, file.entry.sha256);
    if (original === null) continue;
    const { bytes } = rewriteContent(original, segments, file.fixup, site.root);
    if (bytes.equals(found.content)) continue;
    const absolute = join(site.folder, path);
    if (path === file.fixup.path) await replaceFile(absolute, bytes, found.stats, temporary);
    else await relink(absolute, join(site.folder, file.fixup.path), bytes, found.stats, temporary);
    written = true;
  }
  return written;
}
