import { asObject, asText, parseObject } from "../../environment/package-json.js";
import { withoutLastSlashes } from "./package-tree.js";

/** Fields of a package.json that name files which programs load. */
const LOADED = ["main", "module", "browser", "bin", "exports", "imports", "react-native", "esnext", "jsnext:main", "sass", "style"];

/** What a package.json names. */
export interface NamedFiles {
  /** Relative to the package's folder; a "*" stands for any text. */
  readonly paths: readonly string[];
}

/**
 * The files that a package.json names for programs to load; what it names for compilers alone is none.
 *
 * @param text of the package.json; what is no JSON names nothing
 */
export function readNamedFiles(text: string): NamedFiles {
  const fields = parseObject(text);
  if (fields === null) return { paths: [] };
  const named = LOADED.flatMap((field) => textsIn(fields[field]));
  const folders = asObject(fields.directories) ?? {};
  const folder = asText(folders.bin);
  return { paths: [...new Set([...named, ...(folder === null ? [] : [folder])].map(plainPath).filter((path) => path !== ""))] };
}

/** All texts below a value, but those behind the conditions that compilers of TypeScript read. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  const fields = asObject(value);
  return fields === null ? [] : Object.entries(fields).flatMap(([name, one]) => (/^types(@|$)/.test(name) ? [] : textsIn(one)));
}

function plainPath(path: string): string {
  return withoutLastSlashes(path.replace(/^(?:\.?\/)+/, ""));
}
