import { readLicense, NO_LICENSE, type License } from "./license.js";

/** What is read of a packed package.json. */
export interface PackageFacts {
  readonly name: string | null;
  readonly version: string | null;
  readonly license: License;
  /** Names of what it imports where that is there: dependencies, optional ones and peers. */
  readonly wants: readonly string[];
  /** Names of its development dependencies: where they are packed, the project's own count. */
  readonly develops: readonly string[];
}

/** Of a package whose package.json tells nothing. */
export const NO_FACTS: PackageFacts = { name: null, version: null, license: NO_LICENSE, wants: [], develops: [] };

/** Null where it is no JSON object. */
export function readPackageFacts(content: Buffer): PackageFacts | null {
  const fields = readObject(content);
  if (fields === null) return null;
  const names = (key: string): string[] => (isObject(fields[key]) ? Object.keys(fields[key]) : []);
  return {
    name: textOf(fields.name),
    version: textOf(fields.version),
    license: readLicense(fields),
    wants: [...new Set([...names("dependencies"), ...names("optionalDependencies"), ...names("peerDependencies")])].filter(isName),
    develops: names("devDependencies").filter(isName),
  };
}

type Fields = Readonly<Record<string, unknown>>;

/** JSON as an object; null where it is none. */
export function readObject(content: Buffer): Fields | null {
  try {
    const value: unknown = JSON.parse(content.toString("utf8").replace(/^\uFEFF/, ""));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** A name that can stand below node_modules. */
function isName(name: string): boolean {
  return /^(?:@[^/]+\/)?[^/]+$/.test(name) && !/^\.{1,2}$/.test(name);
}
