import { existsSync, lstatSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Writable } from "node:stream";
import { META, type PlannedEntry } from "../../archive/entry.js";
import { digestName } from "../../archive/digest-name.js";
import { formatOf, formatOfName, type Format, type PackFormat } from "../../archive/formats.js";
import { isWorkPath } from "../../archive/work-names.js";
import { PARCEL_DIGEST, type ParcelName } from "../../deliver/parcel/parcel-name.js";
import { assertYarnFormat } from "../../deliver/yarn-archive.js";
import { openHashedOutput } from "../../engine/sinks/hashed-output.js";
import { openOutput, writableSink, type Sink } from "../../engine/sinks/output.js";
import { openStubOutput } from "../../engine/sinks/stub-output.js";
import { openSquashfs, type SquashfsOptions } from "../../engine/sinks/squashfs-output.js";
import type { Environment } from "../../environment/environment.js";
import { targetOf } from "../../environment/target.js";
import type { Target } from "../../manifest/target.js";
import { EnvpackError } from "../../support/errors.js";
import { chooseFormat } from "../choose-format.js";
import { selfExtractor } from "../../embed/self-extractor.js";
import { stubNames } from "../../inspect/stub-names.js";
import type { Manifest } from "../../manifest/manifest.js";
import { linkLauncher } from "../../embed/link-launcher.js";
import { archiveName } from "../../plan/archive-name.js";
import { copyHardLinks, copyLinks } from "../../plan/zip-links.js";
import type { Notice } from "../../support/progress.js";
import { placeParcel, refuseParcelOptions, type ParcelOptions } from "./parcel.js";
import type { ImageOptions } from "../image/options.js";
import { isLayoutName } from "../image/words.js";
import { namesIn } from "../../support/names-in.js";

/** What the user said of where an archive goes. */
export interface OutputOptions extends ParcelOptions {
  /**
   * A file, a folder, or a stream. By default `<name>-<version>-<platform>-<arch>.<format>` in the current folder; a
   * parcel has a name of its own. A folder is a name that ends in a slash, or a folder that exists: without `format` it
   * becomes the environment, of another format the archive goes into it under the name that it has by default.
   */
  readonly output?: string | Writable;
  /** By default what the output's name ends in, "directory" of a folder, else "tar.zst". */
  readonly format?: PackFormat;
  /**
   * The engine that is to run the archive as it lies there: "yarn" makes a tar.gz that is named by its
   * content, `<name>-<digest>.tar.gz`, and refuses what YARN would spoil. `output` may then be a folder.
   */
  readonly engine?: "yarn";
  /** What is packed for: without `format`, a folder as `output` gets the archive under its own name then. */
  readonly platform?: string;
  /** Replaces an existing output; of a folder an environment of envpack's, and nothing else. */
  readonly force?: boolean;
  /** With `force`: files that were added to the old folder, which are in no archive, go with it. */
  readonly discardAdded?: boolean;
  /** A folder inside the archive that holds everything. */
  readonly arcroot?: string;
  /** Where the archive will be restored, absolute: files that name the environment's old place name this one from the start. */
  readonly destPrefix?: string;
  /** Makes a container image: what it is to be, and the registries that it is pushed to. Its format is "oci". */
  readonly image?: ImageOptions;
  /** In a zip: keeps links as links. By default copies take their place, since many readers of zips know none. */
  readonly zipSymlinks?: boolean;
}

/** Where an archive goes. */
export interface OutputPlan {
  readonly format: PackFormat;
  /** Absolute; null for a stream. Where the content names the archive, "DIGEST" stands for what is not known yet. */
  readonly path: string | null;
  /** The name of an environment whose archive is named by its content; null where its name is known before. */
  readonly namedByContent: string | null;
  /** A folder inside the archive that holds everything; "" for none. */
  readonly arcroot: string;
  /** Absolute; undefined where the archive may be restored anywhere. */
  readonly destPrefix: string | undefined;
  /** Null of all that is no parcel. */
  readonly parcel: ParcelName | null;
}

/** Decides on format and place before anything is read. */
export function planOutput(options: OutputOptions, environment: Environment): OutputPlan {
  const { output, engine, arcroot = "", destPrefix } = options;
  const folder = folderOf(output, engine);
  const format = formatFor(options, folder !== null, targetOf(environment));
  assertFits(options, format);
  if (options.zipSymlinks === true && formatOf(format).links !== "chosen") {
    throw new EnvpackError("USAGE", "only a zip leaves a choice about links", {
      hint: "leave --zip-symlinks away: every other format keeps them",
    });
  }
  if (engine === "yarn") assertEnding(options, format, folder !== null);
  const common = { format, namedByContent: null, arcroot, destPrefix, parcel: null };
  if (engine === "yarn" && folder !== null)
    return { ...common, path: join(folder, digestName(environment.name, "DIGEST")), namedByContent: environment.name };
  if (format === "parcel")
    return {
      ...common,
      ...placeParcel(options, environment, { folder, file: folder === null && typeof output === "string" ? resolve(output) : null }),
    };
  // What is pushed need not lie anywhere.
  const isPushed = (options.image?.to?.length ?? 0) > 0 && output === undefined;
  return { ...common, path: isPushed ? null : pathOf(output, environment, { format, folder }) };
}

/** Entries as a format can hold them. */
export interface Fitted {
  readonly entries: readonly PlannedEntry[];
  readonly notices: readonly Notice[];
}

/**
 * What goes into an archive of this format: where that knows no links, or no hard links, what takes their place.
 *
 * @throws EnvpackError LINK_NEEDED
 */
export function fitEntries(
  entries: readonly PlannedEntry[],
  { format }: Pick<OutputPlan, "format">,
  { zipSymlinks = false }: OutputOptions,
): Fitted {
  const { links } = formatOf(format);
  if (links === "all") return { entries, notices: [] };
  // An image stores the same content once, and through FUSE its hard links cannot be told.
  return links === "symbolic" || zipSymlinks ? { entries: copyHardLinks(entries), notices: [] } : copyLinks(entries, linkLauncher);
}

/** Whether the environment becomes a folder, and no file. */
export function isFolder({ format }: Pick<OutputPlan, "format">): boolean {
  return formatOf(format).container === "folder";
}

/** The place's own name, now that the archive is written; null for a stream. */
export function finalPath({ path, namedByContent }: OutputPlan, sha256: string): string | null {
  return path === null || namedByContent === null ? path : join(dirname(path), digestName(namedByContent, sha256));
}

/** What a format cannot be asked for. */
function assertFits(options: OutputOptions, format: PackFormat): void {
  const { output, arcroot, force, discardAdded, image } = options;
  const { stream } = formatOf(format);
  if (!["both", "write"].includes(stream) && output !== undefined && typeof output !== "string") {
    throw new EnvpackError("USAGE", `the format ${format} is not written to a stream`, { hint: "name it with -o" });
  }
  if (image !== undefined && format !== "oci")
    throw new EnvpackError("USAGE", `a ${format} is no container image`, {
      hint: "end the output's name in .oci.tar, or leave away what is asked of an image",
    });
  if (formatOf(format).container === "script" && (arcroot ?? "") !== "") {
    throw new EnvpackError("USAGE", "a self-extracting file makes the folder that it is told to make", { hint: "leave --arcroot away" });
  }
  if (isFolder({ format }) && arcroot !== undefined)
    throw new EnvpackError("USAGE", "a folder has no root folder inside", { hint: "leave --arcroot away, and name the folder with -o" });
  if (discardAdded === true && (force !== true || !isFolder({ format })))
    throw new EnvpackError("USAGE", "there is nothing to discard where no folder is replaced", {
      hint: "--discard-added goes with --force, and with a folder",
    });
  if (format !== "parcel") refuseParcelOptions(options);
}

/** What the formats that are made of an archive are made with. */
export interface Making extends Omit<SquashfsOptions, "force"> {
  readonly manifest: Manifest;
}

/** Opens what the archive is written to. A name that tells the content may be replaced: it is the same archive. */
export async function openSink(
  { output, force = false }: OutputOptions,
  { path, format, namedByContent, parcel }: OutputPlan,
  { manifest, ...image }: Making,
): Promise<Sink> {
  const { container } = formatOf(format);
  if (path !== null && container === "image") return openSquashfs(path, { ...image, force });
  if (path !== null && container === "script")
    return openStubOutput(path, { ...stubNames(manifest), script: await selfExtractor(), force });
  if (path === null) return writableSink(output as Writable);
  return parcel === null
    ? openOutput(path, { force: force || namedByContent !== null })
    : openHashedOutput(path, { force, algorithm: "sha1", ending: PARCEL_DIGEST });
}

/**
 * The folder that the output's name stands for, by a slash at its end or by what is there; null where a file or a
 * stream is named. For an engine the archive goes into the current folder by default.
 */
function folderOf(output: OutputOptions["output"], engine: OutputOptions["engine"]): string | null {
  if (output === undefined) return engine === undefined ? null : resolve(".");
  if (typeof output !== "string" || isLayoutName(output)) return null;
  const isThere =
    /[/\\]$/.test(output) ||
    ((engine !== undefined || formatOfName(output) === null) && existsSync(output) && statSync(output).isDirectory());
  return isThere ? resolve(output) : null;
}

/** What the machines that it is packed for can open without further programs, where nothing was said. */
const USUAL_FORMATS = new Map<string, PackFormat>([
  ["win32", "zip"],
  ["darwin", "tar.gz"],
]);

function formatFor(
  { format: asked, output, engine, platform, image }: OutputOptions,
  inFolder: boolean,
  { os }: Pick<Target, "os">,
): PackFormat {
  const format = asked ?? (image !== undefined && (output === undefined || inFolder) ? "oci" : undefined);
  if (engine === undefined && format === undefined && platform === undefined && inFolder) {
    refuseOthersFolder(resolve(output as string));
    return "directory";
  }
  const file = typeof output === "string" && !inFolder ? output.replace(/(?<![/\\])[/\\]+$/, "") : null;
  return chooseFormat<PackFormat>({
    format,
    file,
    takes: (_): _ is Format => true,
    otherwise: engine === "yarn" ? "tar.gz" : ((platform === undefined ? undefined : USUAL_FORMATS.get(os)) ?? "tar.zst"),
  });
}

/** YARN goes by the name's ending alone, so the ending has to be right as well. */
function assertEnding({ output }: OutputOptions, format: PackFormat, inFolder: boolean): void {
  const file = typeof output === "string" && !inFolder ? output : null;
  assertYarnFormat(format, file);
  if (file === null || formatOfName(basename(file)) === "tar.gz") return;
  throw new EnvpackError("ARCHIVE_UNFIT", "YARN extracts nothing of this name", { path: file, hint: "end it in .tar.gz" });
}

/** Who names a folder with files of theirs in it means to have an archive put there, perhaps. */
function refuseOthersFolder(folder: string): void {
  if (!existsSync(folder) || !lstatSync(folder).isDirectory() || existsSync(join(folder, META.folder))) return;
  if (namesIn(folder).every((name) => isWorkPath(name))) return;
  throw new EnvpackError("OUTPUT_EXISTS", "the output is a folder that holds other things", {
    path: folder,
    hint: "name one that is not there yet; or put an archive into this one by naming its format: --format tar.zst",
  });
}

function pathOf(
  output: OutputOptions["output"],
  environment: Environment,
  { format, folder }: { readonly format: PackFormat; readonly folder: string | null },
): string | null {
  const isOutput = isFolder({ format });
  if (typeof output === "string" && (folder === null || isOutput)) return resolve(output);
  if (output !== undefined && folder === null) return null;
  const { name, version } = environment;
  return resolve(folder ?? "", `${archiveName(name, version, targetOf(environment))}${isOutput ? "" : `.${format}`}`);
}
