import { withoutEnding } from "./formats.js";

/** Hex digits of an archive's SHA-256 that its name ends in: 64 bits tell any two apart. */
const DIGITS = 16;

/**
 * What an archive is called by its content: `shop-0123456789abcdef.tar.gz`. For engines whose caches go
 * by path and time: content that changes must change the name. It stands in URIs, in lists with commas
 * and in words of a shell, so all but plain characters become "-".
 *
 * @param name of the environment, or of another archive of it without its ending
 * @param sha256 of the archive, in hex
 */
export function digestName(name: string, sha256: string): string {
  const digest = sha256.slice(0, DIGITS);
  const plain = name.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[-._]+|(?<![-._])[-._]+$/g, "");
  const stem = plain === "" ? "env" : plain;
  return stem.endsWith(`-${digest}`) ? `${stem}.tar.gz` : `${stem}-${digest}.tar.gz`;
}

/** Whether a file's name is one that `digestName` gives to some content of an environment; `name` as it stands there. */
export function isDigestName(file: string, name: string): boolean {
  const stem = withoutEnding(file);
  return stem.startsWith(`${name}-`) && /^[0-9a-f]{16}$/.test(stem.slice(name.length + 1));
}
