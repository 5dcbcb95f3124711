import { existsSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Writable } from "node:stream";
import type { PlannedEntry } from "./archive/entry.js";
import { digestName } from "./archive/digest-name.js";
import { formatOfName, type PackFormat } from "./archive/format.js";
import { assertYarnFormat } from "./deliver/yarn-archive.js";
import { openOutput, writableSink, type Sink } from "./engine/output.js";
import { openSquashfs, type SquashfsOptions } from "./engine/squashfs-output.js";
import type { Environment } from "./environment/environment.js";
import { EnvpackError } from "./errors.js";
import { linkLauncher } from "./onboard/link-launcher.js";
import { archiveName } from "./plan/archive-name.js";
import { copyHardLinks, copyLinks } from "./plan/zip-links.js";
import type { Notice } from "./progress.js";

/** What the user said of where an archive goes. */
export interface OutputOptions {
  /** A file, or a stream. By default `<name>-<version>-<platform>-<arch>.<format>` in the current folder. */
  readonly output?: string | Writable;
  /** By default what the output's name ends in, else "tar.zst". */
  readonly format?: PackFormat;
  /**
   * The engine that is to run the archive as it lies there: "yarn" makes a tar.gz that is named by its
   * content, `<name>-<digest>.tar.gz`, and refuses what YARN would spoil. `output` may then be a folder.
   */
  readonly engine?: "yarn";
  /** Replaces an existing output. */
  readonly force?: boolean;
  /** In a zip: keeps links as links. By default copies take their place, since many readers of zips know none. */
  readonly zipSymlinks?: boolean;
}

/** Where an archive goes. */
export interface Place {
  readonly format: PackFormat;
  /** Absolute; null for a stream. Where the content names the archive, "DIGEST" stands for what is not known yet. */
  readonly path: string | null;
  /** The name of an environment whose archive is named by its content; null where its name is known before. */
  readonly namedByContent: string | null;
}

/** Decides on format and place before anything is read. */
export function choosePlace(options: OutputOptions, environment: Environment): Place {
  const { output, engine } = options;
  const folder = engine === "yarn" ? folderOf(output) : null;
  const format = chooseFormat(options, folder !== null);
  assertImage(options, format);
  if (options.zipSymlinks === true && format !== "zip") {
    throw new EnvpackError("USAGE", "only a zip leaves a choice about links", { hint: "leave --zip-symlinks away: every other format keeps them" });
  }
  if (engine === "yarn") assertEnding(options, format, folder !== null);
  if (folder !== null) return { format, path: join(folder, digestName(environment.name, "DIGEST")), namedByContent: environment.name };
  return { format, path: pathOf(output, environment, format), namedByContent: null };
}

/**
 * What goes into an archive of this format: where that knows no links, or no hard links, what takes their place.
 *
 * @throws EnvpackError LINK_NEEDED
 */
export function fitEntries(entries: readonly PlannedEntry[], { format }: Place, { zipSymlinks = false }: OutputOptions, notices: Notice[]): readonly PlannedEntry[] {
  // An image stores the same content once, and through FUSE its hard links cannot be told.
  if (format === "squashfs") return copyHardLinks(entries);
  if (format !== "zip") return entries;
  return zipSymlinks ? copyHardLinks(entries) : copyLinks(entries, linkLauncher, (notice) => notices.push(notice));
}

/** The place's own name, now that the archive is written; null for a stream. */
export function finalPath({ path, namedByContent }: Place, sha256: string): string | null {
  return path === null || namedByContent === null ? path : join(dirname(path), digestName(namedByContent, sha256));
}

/** What a squashfs image cannot be asked for. */
function assertImage({ output }: OutputOptions, format: PackFormat): void {
  if (format !== "squashfs" || output === undefined || typeof output === "string") return;
  throw new EnvpackError("USAGE", "a squashfs image is written to a file, not to a stream", { hint: "name it with -o" });
}

/** Opens what the archive is written to. A name that tells the content may be replaced: it is the same archive. */
export async function openSink({ output, force = false }: OutputOptions, { path, format, namedByContent }: Place, image: Omit<SquashfsOptions, "force">): Promise<Sink> {
  if (format === "squashfs" && path !== null) return openSquashfs(path, { ...image, force });
  return path === null ? writableSink(output as Writable) : openOutput(path, { force: force || namedByContent !== null });
}

/** The folder that an archive named by its content goes into; null where a file or a stream is named. */
function folderOf(output: OutputOptions["output"]): string | null {
  if (output === undefined) return resolve(".");
  if (typeof output !== "string") return null;
  const isFolder = /[/\\]$/.test(output) || (existsSync(output) && statSync(output).isDirectory());
  return isFolder ? resolve(output) : null;
}

function chooseFormat({ format, output, engine }: OutputOptions, inFolder: boolean): PackFormat {
  const file = typeof output === "string" && !inFolder ? output : null;
  const named = file === null ? null : formatOfName(file);
  if (format !== undefined || named !== null || file === null) return format ?? named ?? (engine === "yarn" ? "tar.gz" : "tar.zst");
  throw new EnvpackError("USAGE", "the output's name has none of the known endings", {
    path: file,
    hint: "end it in .tar.zst, .tar.gz, .tar, .zip or .squashfs, or name a format",
  });
}

/** YARN goes by the name's ending alone, so the ending has to be right as well. */
function assertEnding({ output }: OutputOptions, format: PackFormat, inFolder: boolean): void {
  const file = typeof output === "string" && !inFolder ? output : null;
  assertYarnFormat(format, file);
  if (file === null || formatOfName(basename(file)) === "tar.gz") return;
  throw new EnvpackError("ARCHIVE_UNFIT", "YARN extracts nothing of this name", { path: file, hint: "end it in .tar.gz" });
}

function pathOf(output: OutputOptions["output"], environment: Environment, format: PackFormat): string | null {
  if (typeof output === "string") return resolve(output);
  if (output !== undefined) return null;
  const { name, version, runtime } = environment;
  const os = runtime?.os ?? process.platform;
  const arch = runtime?.arch ?? process.arch;
  return resolve(`${archiveName(name, version, os, arch)}.${format}`);
}
