import { realpathSync } from "node:fs";
import { isAbsolute, join, posix, relative, resolve, sep } from "node:path";
import { parseAllDocuments } from "yaml";
import { LOCK_LIMIT, readShortText, TextRefused } from "../../support/read-text.js";
import { asObject } from "../package-json.js";

type Fields = Readonly<Record<string, unknown>>;

/**
 * A text file of a manager's; null where it is not there or cannot be read.
 *
 * @throws TextRefused where it is no file, or longer than any lockfile is
 */
export function readOptional(file: string): string | null {
  try {
    return readShortText(file, LOCK_LIMIT);
  } catch (error) {
    if (error instanceof TextRefused) throw error;
    return null;
  }
}

/**
 * A YAML (or JSON) text as an object; null where it is none. Of several documents the last one counts: pnpm
 * puts one about itself in front of the project's.
 */
export function parseYaml(text: string): Fields | null {
  try {
    const documents = [...parseAllDocuments(text, { logLevel: "silent" })].filter(({ contents }) => contents !== null);
    const last = documents.at(-1);
    return last === undefined || last.errors.length > 0 ? null : asObject(last.toJS());
  } catch {
    return null;
  }
}

/** What was read of the last few files: lockfiles are large, and several ask for the same one. */
const memo = new Map<string, { readonly text: string; readonly fields: Fields | null }>();
const REMEMBERED = 4;

/** The content of a YAML file, as parseYaml; null where it is not there or cannot be read. */
export function readYaml(file: string): Fields | null {
  const text = readOptional(file);
  if (text === null) return null;
  const known = memo.get(file);
  if (known?.text === text) return known.fields;
  const fields = parseYaml(text);
  memo.delete(file);
  memo.set(file, { text, fields });
  for (const oldest of [...memo.keys()].slice(0, Math.max(memo.size - REMEMBERED, 0))) memo.delete(oldest);
  return fields;
}

/** The value of a setting in a file of lines such as `cache=.npm` (npm, pnpm) or `cache-folder "./x"` (Yarn 1); null: not set there. */
export function readSetting(root: string, file: string, names: readonly string[]): string | null {
  for (const line of (readOptional(join(root, file)) ?? "").split(/\r?\n/)) {
    const match = /^\s*"?(?:--[a-z]+\.)?([\w-]+)"?\s*[=\s]\s*"?([^"]*?)"?\s*$/.exec(line);
    if (match !== null && names.includes(match[1] as string)) return match[2] as string;
  }
  return null;
}

/** Those of the folders (relative to the root, or absolute) that lie below it, relative to it, parts joined by "/". */
export function foldersInside(root: string, folders: readonly (string | null | undefined)[]): string[] {
  return folders.flatMap((folder) => {
    if (typeof folder !== "string" || folder === "" || /^~|\$\{/.test(folder)) return [];
    const path = relative(root, realOr(resolve(root, folder)))
      .split(sep)
      .join("/");
    return path === "" || path.startsWith("..") || isAbsolute(path) ? [] : [posix.normalize(path)];
  });
}

function realOr(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
