import { EnvpackError } from "../../support/errors.js";

/**
 * What a Cloudera parcel is called. Its file is `NAME-VERSION-DISTRO.parcel`, the one folder inside `NAME-VERSION`;
 * both are taken apart again at their dashes, so a name and a distribution have none.
 *
 * Source: github.com/cloudera/cm_ext, wiki "The parcel format", and its validator's rules.
 */
export interface ParcelName {
  readonly name: string;
  readonly version: string;
  /** The suffix that Cloudera Manager gives the worker's operating system: `el8`, `jammy`. */
  readonly distro: string;
}

/** Where Cloudera Manager unpacks parcels, if nobody told it another place. */
export const PARCEL_ROOT = "/opt/cloudera/parcels";

/** What stands behind a parcel's name in that of the file with its SHA-1. */
export const PARCEL_DIGEST = ".sha";

const PART = /^[A-Za-z0-9_.+~]+$/;
const VERSION = /^[A-Za-z0-9_.+~]+(-[A-Za-z0-9_.+~]+)*$/;

/** @throws EnvpackError USAGE for what Cloudera's tools would read as something else */
export function assertParcelName({ name, version, distro }: ParcelName): void {
  if (!PART.test(name)) throw unfit("name", name, "letters, digits and _ . + ~, no dash");
  if (!VERSION.test(version)) throw unfit("version", version, "letters, digits and _ . + ~, with single dashes between them");
  if (!PART.test(distro)) throw unfit("distro", distro, "letters, digits and _ . + ~, no dash: el8, jammy");
}

function unfit(part: string, value: string, takes: string): EnvpackError {
  return new EnvpackError("USAGE", `a parcel's ${part} cannot be "${value}"`, { hint: `name another with --parcel-${part}: ${takes}` });
}

/** The name of an environment as a parcel can bear it: `@acme/web-shop` becomes `acme_web_shop`. */
export function plainParcelName(name: string): string {
  return name.replace(/^@/, "").replaceAll(/[^A-Za-z0-9_.+~]+/g, "_");
}

/** The folder that holds everything: `NAME-VERSION`. */
export function parcelFolder({ name, version }: ParcelName): string {
  return `${name}-${version}`;
}

export function parcelFile(parcel: ParcelName): string {
  return `${parcelFolder(parcel)}-${parcel.distro}.parcel`;
}

/** What a file's name says, taken apart as Cloudera's tools do; null where it is none of a parcel. */
export function parcelNameOfFile(file: string): ParcelName | null {
  const match = /^([^-]+)-(.+)-([^-]+)\.parcel$/.exec(file);
  return match === null ? null : { name: match[1] ?? "", version: match[2] ?? "", distro: match[3] ?? "" };
}

/** The folder that a parcel of this file name must hold; null where the name is none of a parcel. */
export function folderOfParcelFile(file: string): string | null {
  const parcel = parcelNameOfFile(file);
  return parcel === null ? null : parcelFolder(parcel);
}

/**
 * The distribution suffix of a Linux as `/etc/os-release` describes it, as Cloudera Manager has them: `el8` of
 * Red Hat and its rebuilds, `sles15`, else the code name of Debian and Ubuntu. Null where none is known.
 */
export function distroOf(osRelease: string): string | null {
  const fields = new Map([...osRelease.matchAll(/^([A-Z_]+)=["']?([^"'\n]*)/gm)].map(([, key = "", value = ""]) => [key, value]));
  const [major = ""] = (fields.get("VERSION_ID") ?? "").split(".");
  const kin = `${fields.get("ID") ?? ""} ${fields.get("ID_LIKE") ?? ""}`.split(" ");
  if (kin.some((id) => ["rhel", "centos", "fedora"].includes(id))) return major === "" ? null : `el${major}`;
  if (kin.some((id) => ["sles", "suse"].includes(id))) return major === "" ? null : `sles${major}`;
  const codename = fields.get("VERSION_CODENAME") ?? "";
  return PART.test(codename) ? codename : null;
}
