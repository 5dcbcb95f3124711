import { lstatSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import type { Manifest } from "../../manifest/manifest.js";
import { readShortText } from "../../support/read-text.js";

/** An environment that is to be proved, at its place on this machine. */
export interface Subject {
  /** Its folder, absolute. */
  readonly tree: string;
  readonly manifest: Manifest;
  /** The same environment where it was made; null: that is not there, or not known. */
  readonly source: Source | null;
}

export interface Source {
  /** The project's folder, or the prefix; absolute. */
  readonly folder: string;
  /** The arcpath at which this folder stands in the environment: "app", or "" of a prefix. */
  readonly arcpath: string;
}

/** What a package.json says, as far as it is asked; what is of another shape counts as absent. */
export interface PackageJson {
  readonly main: string | null;
  readonly hasExports: boolean;
  readonly start: string | null;
  /** `envpack.prove`: commands, one or several. */
  readonly prove: readonly string[];
  readonly dependencies: readonly string[];
  readonly optional: readonly string[];
  readonly dev: readonly string[];
}

/** @returns null where there is none, or it cannot be read */
export function readPackageJson(folder: string): PackageJson | null {
  try {
    const parsed: unknown = JSON.parse(readShortText(join(folder, "package.json")).replace(/^\uFEFF/, ""));
    const fields = fieldsOf(parsed);
    const scripts = fieldsOf(fields.get("scripts"));
    const prove = fieldsOf(fields.get("envpack")).get("prove");
    return {
      main: textOf(fields.get("main")) ?? textOf(fields.get("module")),
      hasExports: fields.get("exports") !== undefined,
      start: textOf(scripts.get("start")),
      prove: (Array.isArray(prove) ? prove : [prove]).filter((one) => typeof one === "string" && one !== ""),
      dependencies: namesOf(fields.get("dependencies")),
      optional: namesOf(fields.get("optionalDependencies")),
      dev: namesOf(fields.get("devDependencies")),
    };
  } catch {
    return null;
  }
}

function fieldsOf(value: unknown): Map<string, unknown> {
  return new Map(typeof value === "object" && value !== null && !Array.isArray(value) ? Object.entries(value) : []);
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** Only names that can stand below node_modules. */
function namesOf(value: unknown): string[] {
  return [...fieldsOf(value).keys()].filter((name) => /^(?:@[\w.~-]+\/)?[\w.~-]+$/.test(name) && !name.startsWith("."));
}

/** Folders of the environment's own code, as arcpaths: the project, and the members of its workspace. */
export function ownFolders({ manifest }: Subject): string[] {
  const [first] = manifest.resolveFrom;
  const own = manifest.packages
    .map(({ path }) => path)
    .filter((path) => manifest.kind === "project" && !`/${path}/`.includes("/node_modules/") && !path.startsWith("links/"));
  return [...new Set([...(first === undefined ? [] : [first]), ...own])];
}

/** Where Node.js finds a package from a folder, without leaving the environment; null: it does not. */
export function findPackage(tree: string, folder: string, name: string): string | null {
  for (let at = folder; ; at = posix.dirname(at)) {
    const found = join(tree, at, "node_modules", name);
    if (lstatSync(found, { throwIfNoEntry: false }) !== undefined) return found;
    if (at === "." || at === "" || at === dirname(at)) return null;
  }
}
