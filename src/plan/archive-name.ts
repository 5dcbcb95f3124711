import { existsSync } from "node:fs";
import { join } from "node:path";
import { isDigestName } from "../archive/digest-name.js";
import { META } from "../archive/entry.js";
import { beginsAsLayout, endsAsArchive } from "../archive/ends-as-archive.js";
import { formatOf, formatOfName, withoutEnding } from "../archive/formats.js";
import { readRestored } from "../environment/restored.js";
import { tripleOf, type Target } from "../manifest/target.js";
import { explainError } from "../support/errors.js";

/**
 * What an archive is called where the user names none: `shop-1.4.0-linux-x64`, or `…-linux-x64-musl`, without its ending. A
 * scope becomes a part of the name: `@acme/shop` gives `acme-shop`.
 */
export function archiveName(name: string, version: string | null, target: Pick<Target, "os" | "arch" | "libc">): string {
  return [plainName(name), version, tripleOf(target)].filter((part) => part !== null).join("-");
}

/** Whether a file's name is one that `archiveName` gives to some version of an environment, with its ending, or `digestName` to some content. */
export function isArchiveName(file: string, name: string): boolean {
  const format = formatOfName(file);
  // Many a script of somebody's own is called that: its content tells.
  if (format === null || formatOf(format).container === "script" || !file.startsWith(`${plainName(name)}-`)) return false;
  if (isDigestName(file, plainName(name))) return true;
  return /^(.+-)?(aix|darwin|freebsd|linux|openbsd|sunos|win32)-[a-z0-9]+(-musl)?$/.test(
    withoutEnding(file).slice(plainName(name).length + 1),
  );
}

/**
 * Whether a file in the environment's own folder is an archive that somebody packed there under a name of
 * their choice. Deeper inside it may be something that the environment needs.
 *
 * @param path relative to the environment's folder
 * @param file absolute
 */
export function isArchiveBeside(path: string, file: string): boolean {
  if (path.includes("/") || formatOfName(path) === null) return false;
  try {
    return formatOfName(path) === "oci" ? beginsAsLayout(file) : endsAsArchive(file);
  } catch (error) {
    throw explainError(error, "cannot look whether this is an archive", file);
  }
}

/**
 * Whether a folder in the environment's own folder is the environment itself, as it was packed or unpacked there: its
 * manifest says so. An environment of another name may be something that this one needs.
 *
 * @param path relative to the environment's folder
 * @param folder absolute
 */
export function isEnvironmentBeside(path: string, folder: string, name: string): boolean {
  return !path.includes("/") && existsSync(join(folder, META.index)) && readRestored(folder)?.name === name;
}

/**
 * Whether a folder in the environment's own folder is an image's layout that somebody packed there (image-spec 1.1,
 * image-layout.md): nothing that runs needs one.
 *
 * @param path relative to the environment's folder
 * @param folder absolute
 */
export function isLayoutBeside(path: string, folder: string): boolean {
  return !path.includes("/") && formatOfName(path) === "oci" && existsSync(join(folder, "oci-layout"));
}

function plainName(name: string): string {
  return name.replace(/^@/, "").replaceAll("/", "-");
}
