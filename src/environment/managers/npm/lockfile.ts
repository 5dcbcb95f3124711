import { join } from "node:path";
import { EnvpackError, explainError } from "../../../support/errors.js";
import { asObject, asText, parseObject } from "../../package-json.js";
import { LOCK_LIMIT, readShortText } from "../../../support/read-text.js";

/**
 * What npm wrote down of one package. Sources: docs.npmjs.com/cli/configuring-npm/package-lock-json,
 * and for lockfileVersion 1 the same page of npm 6.
 */
export interface LockedPackage {
  /** Null for links and for packages that have none. */
  readonly version: string | null;
  /** Needed by development only. */
  readonly dev: boolean;
  /** May be absent: for another platform, or its installation failed. */
  readonly optional: boolean;
  /** Only there because another package wants it beside itself. */
  readonly peer: boolean;
  /** A link to a folder of the project or beside it. */
  readonly link: boolean;
  /** Where a link leads, relative to the root; null for any other. */
  readonly target: string | null;
  /** The name of the package where it is installed under another one. */
  readonly name: string | null;
  /** Names of what it depends on, of every kind; its own development's apart. */
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
}

export interface NpmLock {
  /** The file's name, for messages. */
  readonly file: string;
  /** Of which form it is: 1 is that of npm 6 and before, 2 that of later ones, which also call it 3. */
  readonly lockfileVersion: 1 | 2;
  /** By the folder relative to the root, as "node_modules/a/node_modules/b"; without the root itself. */
  readonly packages: ReadonlyMap<string, LockedPackage>;
}

/** In npm's own order: a published npm-shrinkwrap.json wins. */
const NAMES = ["npm-shrinkwrap.json", "package-lock.json"];
/** What npm 7 and later writes into node_modules about what it installed. */
export const HIDDEN = "node_modules/.package-lock.json";

/** The project's lockfile (lockfileVersion 1, 2 or 3); null where it has none. */
export function readNpmLock(root: string): NpmLock | null {
  for (const name of NAMES) {
    const lock = readLockFile(root, name);
    if (lock !== null) return lock;
  }
  return null;
}

/** npm's note of what it installed; null where another manager, or npm before 7, did. */
export function readHiddenLock(root: string): NpmLock | null {
  return readLockFile(root, HIDDEN);
}

function readLockFile(root: string, file: string): NpmLock | null {
  let text: string;
  try {
    text = readShortText(join(root, file), LOCK_LIMIT);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw explainError(error, "cannot read the lockfile", join(root, file));
  }
  const fields = parseObject(text);
  const packages = asObject(fields?.packages);
  const dependencies = asObject(fields?.dependencies);
  if (packages !== null) return { file, lockfileVersion: 2, packages: decodePackages(packages) };
  if (fields !== null && (fields.lockfileVersion === undefined || fields.lockfileVersion === 1)) {
    return { file, lockfileVersion: 1, packages: decodeDependencies(dependencies ?? {}) };
  }
  throw new EnvpackError("LOCK_MISMATCH", `${file} is not a lockfile that envpack can read`, {
    path: join(root, file),
    hint: `write it anew with \`rm ${file} && npm install\`, or pack what is there with \`--ignore-lock\``,
  });
}

/** lockfileVersion 2 and 3: a flat object by folder. */
function decodePackages(packages: Readonly<Record<string, unknown>>): Map<string, LockedPackage> {
  const locked = new Map<string, LockedPackage>();
  for (const [path, value] of Object.entries(packages)) {
    const fields = asObject(value);
    if (path !== "" && fields !== null) locked.set(path, decodeLocked(fields, fields.link === true));
  }
  return locked;
}

/** lockfileVersion 1: objects that nest as the folders do. */
function decodeDependencies(tree: Readonly<Record<string, unknown>>): Map<string, LockedPackage> {
  const locked = new Map<string, LockedPackage>();
  const pending: (readonly [string, unknown])[] = Object.entries(tree).map(([name, value]) => [`node_modules/${name}`, value]);
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [path, value] = next;
    const fields = asObject(value);
    if (fields === null) continue;
    locked.set(path, decodeLocked(fields, isFileSpec(fields.version)));
    for (const [name, nested] of Object.entries(asObject(fields.dependencies) ?? {})) {
      pending.push([`${path}/node_modules/${name}`, nested]);
    }
  }
  return locked;
}

function decodeLocked(fields: Readonly<Record<string, unknown>>, link: boolean): LockedPackage {
  const { version } = fields;
  const namesIn = (kinds: readonly unknown[]): string[] => kinds.flatMap((kind) => Object.keys(asObject(kind) ?? {}));
  return {
    version: link || typeof version !== "string" ? null : plainVersion(version),
    dev: fields.dev === true,
    optional: fields.optional === true,
    peer: fields.peer === true,
    link,
    target: link ? asText(fields.resolved) : null,
    name: asText(fields.name),
    dependencies: namesIn([fields.dependencies, fields.optionalDependencies, fields.peerDependencies, fields.requires]),
    devDependencies: namesIn([fields.devDependencies]),
  };
}

/** In lockfileVersion 1 a version may be a git or tarball address, or an alias "npm:name@1.0.0". */
function plainVersion(version: string): string | null {
  if (version.startsWith("npm:")) return version.slice(version.lastIndexOf("@") + 1);
  return /^\d/.test(version) ? version : null;
}

function isFileSpec(version: unknown): boolean {
  return typeof version === "string" && version.startsWith("file:");
}
