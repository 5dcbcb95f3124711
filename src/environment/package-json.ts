import { join } from "node:path";
import { EnvpackError, explainError } from "../support/errors.js";
import { readShortText, TextRefused } from "../support/read-text.js";

/** What envpack reads of a package.json; whatever has another type than npm's is taken as absent. */
export interface PackageJson {
  readonly name: string | null;
  readonly version: string | null;
  /** As it stands: npm's forms are told apart by bins.ts. */
  readonly bin: unknown;
  /** `directories.bin`: a folder whose every file is a command. */
  readonly binFolder: string | null;
  readonly dependencies: ReadonlyMap<string, string>;
  readonly devDependencies: ReadonlyMap<string, string>;
  readonly optionalDependencies: ReadonlyMap<string, string>;
  readonly peerDependencies: ReadonlyMap<string, string>;
  /** Peers that `peerDependenciesMeta` calls optional. */
  readonly optionalPeers: ReadonlySet<string>;
  /** Platforms that it is for, in npm's words (`!win32`: all but that one); empty where it names none. */
  readonly os: readonly string[];
  readonly cpu: readonly string[];
  readonly libc: readonly string[];
  /** Patterns of the workspace's members, in order; empty where there are none. */
  readonly workspaces: readonly string[];
  /** The `packageManager` field, as "pnpm@10.34.0". */
  readonly packageManager: string | null;
}

/** Of a workspace's root that has none, as pnpm allows. */
export const NO_PACKAGE_JSON: PackageJson = decodePackageJson({});

type Fields = Readonly<Record<string, unknown>>;

/**
 * The package.json of a folder, "absent" where there is none, "broken" where it is no JSON object
 * (an installation that was cut short leaves such files), or larger than any that npm publishes. Throws where it cannot be read.
 */
export function readPackageJson(folder: string): PackageJson | "absent" | "broken" {
  const file = join(folder, "package.json");
  let text: string;
  try {
    text = readShortText(file);
  } catch (error) {
    if (error instanceof TextRefused) return "broken";
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") return "absent";
    throw explainError(error, "cannot read a package.json", file);
  }
  const fields = parseObject(text);
  return fields === null ? "broken" : decodePackageJson(fields);
}

/** As readPackageJson, of a text; null where it is no JSON object. */
export function readPackageJsonText(text: string): PackageJson | null {
  const fields = parseObject(text);
  return fields === null ? null : decodePackageJson(fields);
}

/** As readPackageJson, for a package.json without which nothing can be done: throws where it is broken. */
export function readOwnPackageJson(folder: string): PackageJson | null {
  const found = readPackageJson(folder);
  if (found === "absent") return null;
  if (found !== "broken") return found;
  throw new EnvpackError("NOT_AN_ENVIRONMENT", "package.json is not valid JSON, or too large to be one", {
    path: join(folder, "package.json"),
    hint: "mend the file; `npm pkg get name` shows where npm stumbles over it",
  });
}

/** Parses JSON text, with or without a byte order mark, that must hold an object; null where it does not. */
export function parseObject(text: string): Fields | null {
  try {
    return asObject(JSON.parse(text.replace(/^\uFEFF/, "")));
  } catch {
    return null;
  }
}

/** The value as an object to read fields from; null for anything else. */
export function asObject(value: unknown): Fields | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : null;
}

function decodePackageJson(fields: Fields): PackageJson {
  return {
    name: asShortText(fields.name),
    version: asShortText(fields.version),
    bin: fields.bin,
    binFolder: asText(asObject(fields.directories)?.bin),
    dependencies: asTextMap(fields.dependencies),
    devDependencies: asTextMap(fields.devDependencies),
    optionalDependencies: asTextMap(fields.optionalDependencies),
    peerDependencies: asTextMap(fields.peerDependencies),
    optionalPeers: asOptionalPeers(fields.peerDependenciesMeta),
    os: asWords(fields.os),
    cpu: asWords(fields.cpu),
    libc: asWords(fields.libc),
    workspaces: asWorkspaces(fields.workspaces),
    packageManager: asText(fields.packageManager),
  };
}

/** The value as a text that is not empty; null for anything else. */
export function asText(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** Of what names archives and files: neither npm's names (214) nor semver's versions (256) are longer. */
function asShortText(value: unknown): string | null {
  const text = asText(value);
  return text !== null && text.length <= 256 ? text : null;
}

function asTextMap(value: unknown): Map<string, string> {
  const entries = Object.entries(asObject(value) ?? {});
  return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

function asOptionalPeers(value: unknown): Set<string> {
  const entries = Object.entries(asObject(value) ?? {});
  return new Set(entries.filter(([, meta]) => asObject(meta)?.optional === true).map(([name]) => name));
}

/** npm takes a single word for a list of one. */
function asWords(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter(
    (word): word is string => typeof word === "string" && word !== "" && word.length <= 64,
  );
}

/** Both forms: a list, and Yarn 1's `{ packages: [] }`. */
function asWorkspaces(value: unknown): string[] {
  const list = Array.isArray(value) ? value : asObject(value)?.packages;
  return Array.isArray(list) ? list.filter((pattern) => typeof pattern === "string") : [];
}
