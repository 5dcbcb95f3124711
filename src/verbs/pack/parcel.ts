import { readFileSync } from "node:fs";
import { basename, join, posix } from "node:path";
import type { PlannedEntry } from "../../archive/entry.js";
import { parcelFiles, PARCEL_META } from "../../deliver/parcel/descriptor.js";
import {
  assertParcelName,
  distroOf,
  PARCEL_ROOT,
  parcelFile,
  parcelFolder,
  parcelNameOfFile,
  plainParcelName,
  type ParcelName,
} from "../../deliver/parcel/parcel-name.js";
import { mergeEntries } from "../../embed/merge-entries.js";
import type { Environment } from "../../environment/environment.js";
import { targetOf } from "../../environment/target.js";
import { EnvpackError } from "../../support/errors.js";

/** What a parcel is called, and where Cloudera Manager unpacks it. */
export interface ParcelOptions {
  /** By default the environment's name, with _ in place of what a parcel's name cannot hold. */
  readonly parcelName?: string;
  /** By default the environment's own. */
  readonly parcelVersion?: string;
  /** The suffix of the workers' system, as el8 or jammy. By default that of this machine. */
  readonly parcelDistro?: string;
  /** The folder that the cluster's parcels lie in, absolute. By default /opt/cloudera/parcels. */
  readonly parcelRoot?: string;
}

interface ParcelPlace {
  readonly path: string;
  readonly arcroot: string;
  readonly destPrefix: string;
  readonly parcel: ParcelName;
}

const OPTIONS = {
  parcelName: "--parcel-name",
  parcelVersion: "--parcel-version",
  parcelDistro: "--parcel-distro",
  parcelRoot: "--parcel-root",
} as const;

/** @throws EnvpackError USAGE where something is said of a parcel and none is made */
export function refuseParcelOptions(options: ParcelOptions): void {
  const given = Object.entries(OPTIONS).find(([name]) => options[name as keyof ParcelOptions] !== undefined);
  if (given !== undefined) throw new EnvpackError("USAGE", `only a parcel takes ${given[1]}`, { hint: "add --format parcel" });
}

/**
 * Where a parcel goes, and the folder inside by whose name Cloudera Manager finds it.
 *
 * @param output the folder or the file that was named, absolute; both null by default
 * @throws EnvpackError USAGE, ARCHIVE_UNFIT
 */
export function placeParcel(
  options: ParcelOptions & { readonly arcroot?: string; readonly destPrefix?: string },
  environment: Environment,
  { folder, file }: { readonly folder: string | null; readonly file: string | null },
): ParcelPlace {
  const { arcroot, destPrefix } = options;
  if (arcroot !== undefined)
    throw new EnvpackError("USAGE", "a parcel's root folder is NAME-VERSION", {
      hint: "leave --arcroot away, and see --parcel-name and --parcel-version",
    });
  if (destPrefix !== undefined)
    throw new EnvpackError("USAGE", "a parcel is restored in the folder of parcels", {
      hint: "leave --dest-prefix away, and name that folder with --parcel-root",
    });
  const { os } = targetOf(environment);
  if (os !== "linux")
    throw new EnvpackError("ARCHIVE_UNFIT", `Cloudera Manager runs on Linux, and the environment is for ${os}`, {
      hint: "pack it on a machine like the cluster's",
    });
  const parcel = nameParcel(options, environment, file);
  const path = file ?? join(folder ?? process.cwd(), parcelFile(parcel));
  if (basename(path) !== parcelFile(parcel)) {
    throw new EnvpackError("USAGE", `the parcel has to be called ${parcelFile(parcel)}`, {
      path,
      hint: "name the folder that it goes into, with a slash at the end: -o FOLDER/",
    });
  }
  return { path, parcel, arcroot: parcelFolder(parcel), destPrefix: posix.join(parcelRoot(options), parcelFolder(parcel)) };
}

/** What was named by options counts, then the output's name, then what the environment and this machine say. */
function nameParcel(options: ParcelOptions, environment: Environment, file: string | null): ParcelName {
  const said = file === null ? null : parcelNameOfFile(basename(file));
  const parcel = {
    name: options.parcelName ?? said?.name ?? plainParcelName(environment.name),
    version:
      options.parcelVersion ??
      said?.version ??
      environment.version ??
      ask("the environment has no version that its parcel could bear", "--parcel-version 1.0"),
    distro: options.parcelDistro ?? said?.distro ?? ownDistro(),
  };
  assertParcelName(parcel);
  return parcel;
}

/** The files that say what system this is (os-release(5)). */
const OS_RELEASE = ["/etc/os-release", "/usr/lib/os-release"];

function ownDistro(): string {
  for (const file of OS_RELEASE) {
    try {
      const distro = distroOf(readFileSync(file, "utf8"));
      if (distro !== null) return distro;
    } catch {
      // Not every system has one.
    }
  }
  return ask("Cloudera has no name for this machine's system that envpack would know", "--parcel-distro el8");
}

function ask(what: string, option: string): never {
  throw new EnvpackError("USAGE", what, { hint: `name it, as ${option}` });
}

function parcelRoot({ parcelRoot: root = PARCEL_ROOT }: ParcelOptions): string {
  if (posix.isAbsolute(root)) return posix.resolve(root);
  throw new EnvpackError("USAGE", "the folder of parcels is an absolute path", {
    path: root,
    hint: `--parcel-root ${PARCEL_ROOT} is the default`,
  });
}

/**
 * Adds the files by which Cloudera Manager knows a parcel.
 *
 * @throws EnvpackError USAGE where the environment has files in their place
 */
export function addParcelFiles(
  entries: readonly PlannedEntry[],
  parcel: ParcelName | null,
  { name, runtime }: Environment,
): readonly PlannedEntry[] {
  if (parcel === null) return entries;
  const files = parcelFiles({ parcel, environment: name, node: runtime?.version ?? null });
  const places = new Set([PARCEL_META, ...files.map(({ path }) => path)]);
  const taken = entries.find(({ path, type }) => places.has(path) && !(path === PARCEL_META && type === "directory"));
  if (taken !== undefined)
    throw new EnvpackError("USAGE", "the environment has something of its own where a parcel tells what it is", {
      path: taken.path,
      hint: `leave it out: --exclude /${taken.path}`,
    });
  return mergeEntries(entries, files);
}
