import { existsSync } from "node:fs";
import { join } from "node:path";
import { EnvpackError, explainError } from "../../support/errors.js";
import { asObject } from "../package-json.js";
import { LOCK_LIMIT, readShortText } from "../../support/read-text.js";

/** What `.pnp.cjs` knows of one package. Source: yarnpkg.com/advanced/pnp-spec */
export interface PnpPackage {
  /** "name@reference"; the project itself has a second one, "". */
  readonly key: string;
  readonly name: string;
  /** As "npm:7.0.3", "virtual:…#npm:4.4.3", "workspace:packages/web". */
  readonly reference: string;
  /** Relative to the folder of .pnp.cjs: "./packages/web/", "../home/cache/x.zip/node_modules/x/". */
  readonly location: string;
  /** Keys of the packages that it may import, by the name that it imports them by. */
  readonly dependencies: ReadonlyMap<string, string>;
  /** Its folder is a user's own, as of a workspace, `link:` or `portal:`. */
  readonly soft: boolean;
}

export interface PnpState {
  /** By key. */
  readonly packages: ReadonlyMap<string, PnpPackage>;
  /** The file that holds the state, relative to the root: ".pnp.cjs", or ".pnp.data.json" beside it. */
  readonly file: string;
  /** That file's content with the locations changed; null where none did. */
  readonly relocate: (change: (location: string) => string) => string | null;
}

const PROGRAM = ".pnp.cjs";
const DATA = ".pnp.data.json";
/** Stands before the state, a JSON text in a single-quoted literal. */
const LITERAL = /RAW_RUNTIME_STATE\s*=\s*'/;

/** Reads the packages that Plug'n'Play knows, without running it. */
export function readPnpState(root: string): PnpState {
  const program = readText(join(root, PROGRAM));
  const literal = findLiteral(program);
  if (literal === null) {
    const json = existsSync(join(root, DATA)) ? readText(join(root, DATA)) : "";
    return { file: DATA, packages: decode(json, join(root, DATA)), relocate: (change) => changeLocations(json, change) };
  }
  const { from, to, json } = literal;
  return {
    file: PROGRAM,
    packages: decode(json, join(root, PROGRAM)),
    relocate: (change) => {
      const changed = changeLocations(json, change);
      return changed === null ? null : program.slice(0, from) + quote(changed) + program.slice(to);
    },
  };
}

/**
 * The packages that a file of Plug'n'Play names, by key.
 *
 * @param name ".pnp.cjs" or ".pnp.data.json"
 * @returns null where it names none, or cannot be understood
 */
export function packagesOfState(name: string, text: string): ReadonlyMap<string, PnpPackage> | null {
  const json = name === PROGRAM ? findLiteral(text)?.json : text;
  if (json === undefined) return null;
  try {
    return decode(json, name);
  } catch {
    return null;
  }
}

/** The state inside of a program: where its literal stands, and what it holds; null: it lies in a file beside. */
function findLiteral(program: string): { readonly from: number; readonly to: number; readonly json: string } | null {
  const start = LITERAL.exec(program);
  if (start === null) return null;
  const from = start.index + start[0].length;
  const to = endOfLiteral(program, from);
  return {
    from,
    to,
    json: program.slice(from, to).replace(/\\([\s\S])/g, "$1"),
  };
}

function readText(file: string): string {
  try {
    return readShortText(file, LOCK_LIMIT);
  } catch (error) {
    throw explainError(error, "cannot read Plug'n'Play's packages", file);
  }
}

function endOfLiteral(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === "'") return at;
  }
  return text.length;
}

/** As Yarn writes the literal. */
function quote(json: string): string {
  return json.replace(/\\/g, "\\\\").replace(/'/g, "\\'").replace(/\n/g, "\\\n");
}

function changeLocations(json: string, change: (location: string) => string): string | null {
  const changed = json.replace(/("packageLocation":\s*)("(?:[^"\\]|\\.)*")/g, (_, key: string, value: string) => {
    return key + JSON.stringify(change(JSON.parse(value) as string));
  });
  return changed === json ? null : changed;
}

function decode(json: string, file: string): Map<string, PnpPackage> {
  const packages = new Map<string, PnpPackage>();
  try {
    const state = asObject(JSON.parse(json));
    for (const [name, references] of state?.packageRegistryData as [string | null, [string | null, unknown][]][]) {
      for (const [reference, value] of references) {
        const found = decodePackage(name ?? "", reference ?? "", value);
        if (found !== null) packages.set(found.key, found);
      }
    }
  } catch (error) {
    throw new EnvpackError("NOT_INSTALLED", "Plug'n'Play's packages cannot be read", {
      path: file,
      hint: "write the file anew with `yarn install`, or pack what is there with `--ignore-lock`",
      cause: error,
    });
  }
  return packages;
}

function decodePackage(name: string, reference: string, value: unknown): PnpPackage | null {
  const fields = asObject(value);
  const { packageLocation: location, packageDependencies: list, linkType } = fields ?? {};
  if (typeof location !== "string" || !Array.isArray(list)) return null;
  const dependencies = new Map<string, string>();
  for (const [alias, target] of list as [string, string | [string, string] | null][]) {
    if (typeof target === "string") dependencies.set(alias, keyOf(alias, target));
    else if (Array.isArray(target)) dependencies.set(alias, keyOf(target[0], target[1]));
  }
  return { key: keyOf(name, reference), name, reference, location, dependencies, soft: linkType === "SOFT" };
}

function keyOf(name: string, reference: string): string {
  return name === "" ? "" : `${name}@${reference}`;
}
