import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { checkRows, type CensusRow } from "./census.js";

/** fixtures/environments: a folder a case; adding a case is adding a folder. */
export const FIXTURES = join(import.meta.dirname, "../../../fixtures/environments");

/**
 * `case.json` of a fixture folder: who makes the environment out of the files beside it, what is tried
 * before and after the move, and what must come out.
 */
export interface EnvironmentCase {
  /** The folder's name. */
  readonly name: string;
  /** The rows of the census that it closes. */
  readonly census: readonly CensusRow[];
  /** Another case's folder whose files it shares, and what was built of them; by default its own. */
  readonly files?: string;
  /** Name and exact version, as "pnpm@10.34.9". */
  readonly manager: string;
  /**
   * What the manager is told, and where (relative to the case's folder); by default `install` in
   * `installIn`. "{origin}" stands for the copy of the files in which it is told so.
   */
  readonly install?: readonly { readonly in?: string; readonly args: readonly string[] }[];
  /** Where the manager is called, relative to the case's folder; by default `project`. */
  readonly installIn?: string;
  /** What is packed, relative to the case's folder; by default ".". */
  readonly project?: string;
  /** Folders with a package.json whose dependencies are imported, relative to the case's folder; by default `project`. */
  readonly packages?: readonly string[];
  /** Where `packages` stand in the archive where it is not "app/…" of the same name. */
  readonly arcpaths?: Readonly<Record<string, string>>;
  /** More arguments for `envpack pack`; "{node@24.21.0}" stands for the path of that node. */
  readonly pack?: readonly string[];
  /**
   * The running node and its npm go in and come out with it; at least one case of each manager says so. By default a small stand-in
   * goes in, and the real one is laid over it when the environment is tried.
   */
  readonly runtime?: "whole";
  /** Dependencies of this kind are not tried: they are left out. */
  readonly omit?: "dev";
  /** Packages that cannot be loaded even before the move. */
  readonly broken?: readonly string[];
  /** Commands and harmless arguments for them. */
  readonly bins?: Readonly<Record<string, readonly string[]>>;
  /** A command that makes a package find another that it does not declare, run through the manager's own shim. */
  readonly phantom?: { readonly bin: string; readonly args: readonly string[]; readonly finds: boolean };
  /** Scripts of the case run by node: relative to the case's folder. */
  readonly scripts?: readonly string[];
  /** Where its commands are found before the move: node_modules/.bin (the default), or the manager's own `run`. */
  readonly shims?: "node_modules" | "manager";
  /** Its modules come from .pnp.cjs: nothing is in node_modules. */
  readonly pnp?: boolean;
  /** It compiles an addon, or takes minutes. */
  readonly needs?: "compiler" | "patience";
  readonly expect: Expectation;
}

export interface Expectation {
  /** Of the manifest. */
  readonly manager: string;
  readonly kind?: "project";
  /** Least figures of the relocation summary. */
  readonly relocation?: Readonly<Partial<Record<"relative" | "broughtIn" | "dropped", number>>>;
  /** Reasons that must be among those of what was left out. */
  readonly leftOut?: readonly string[];
  /** Arcpaths that must be there, and that must not. */
  readonly present?: readonly string[];
  readonly absent?: readonly string[];
  /** Its node_modules holds the same symbolic links, with the same targets, as before the move. */
  readonly sameLinks?: boolean;
  /** Files that name the origin: none, or those that fix-up records tell of; by default "none". */
  readonly residue?: "none" | "reported";
  /** `envpack pack` refuses with this code. */
  readonly refused?: string;
}

/** The cases by name; `heavy` ones only where asked for. */
export function readCases(heavy: boolean): readonly EnvironmentCase[] {
  const names = readdirSync(FIXTURES, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const cases = names.filter(({ name }) => !name.startsWith("prefix-")).map(({ name }) => readCase(name));
  return cases.filter((one) => heavy || one.needs !== "patience");
}

function readCase(name: string): EnvironmentCase {
  const fields = JSON.parse(readFileSync(join(FIXTURES, name, "case.json"), "utf8")) as Omit<EnvironmentCase, "name">;
  checkRows(fields.census, name);
  return { ...fields, name };
}

/** The folder of a case's files. */
export function filesOf(one: EnvironmentCase): string {
  return join(FIXTURES, one.files ?? one.name);
}

/** What the manager is told, each time with the folder where, relative to the files. */
export function stepsOf(one: EnvironmentCase): readonly { readonly folder: string; readonly args: readonly string[] }[] {
  return (one.install ?? [{ args: ["install"] }]).map(({ args, in: folder }) => ({
    args,
    folder: folder ?? one.installIn ?? one.project ?? ".",
  }));
}

/**
 * Tells what is built of a case: the same files and steps give the same, so that cases share it. Addons
 * are compiled for one Node.
 */
export function digestCase(one: EnvironmentCase): string {
  const hash = createHash("sha256").update(JSON.stringify([one.manager, stepsOf(one)]));
  if (one.needs !== undefined) hash.update(process.versions.modules);
  const folder = filesOf(one);
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const files = entries.map((entry) => join(entry.parentPath, entry.name)).filter((file) => !file.endsWith("/case.json"));
  for (const file of files.sort()) {
    const mode = (statSync(file).mode & 0o111).toString(8);
    hash
      .update(`${file.slice(folder.length)}\0${mode}\0`)
      .update(readFileSync(file))
      .update("\0");
  }
  return hash.digest("hex").slice(0, 12);
}
