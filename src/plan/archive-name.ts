import { isDigestName } from "../archive/digest-name.js";
import { endsAsArchive } from "../archive/ends-as-archive.js";
import { formatOfName, withoutEnding } from "../archive/format.js";
import { explainError } from "../errors.js";

/**
 * What an archive is called where the user names none: `shop-1.4.0-linux-x64`, without its ending. A
 * scope becomes a part of the name: `@acme/shop` gives `acme-shop`.
 */
export function archiveName(name: string, version: string | null, os: string, arch: string): string {
  return [plainName(name), version, os, arch].filter((part) => part !== null).join("-");
}

/** Whether a file's name is one that `archiveName` gives to some version of an environment, with its ending, or `digestName` to some content. */
export function isArchiveName(file: string, name: string): boolean {
  if (formatOfName(file) === null || !file.startsWith(`${plainName(name)}-`)) return false;
  if (isDigestName(file, plainName(name))) return true;
  return /^(.+-)?(aix|darwin|freebsd|linux|openbsd|sunos|win32)-[a-z0-9]+$/.test(withoutEnding(file).slice(plainName(name).length + 1));
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
    return endsAsArchive(file);
  } catch (error) {
    throw explainError(error, "cannot look whether this is an archive", file);
  }
}

function plainName(name: string): string {
  return name.replace(/^@/, "").replaceAll("/", "-");
}
