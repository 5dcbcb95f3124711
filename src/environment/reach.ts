import { existsSync, readdirSync, realpathSync, statSync, type Dirent } from "node:fs";
import { basename, dirname, join } from "node:path";
import { findClosure, type Reached } from "./closure.js";
import { STORES } from "./installed.js";
import { isWithin } from "./paths.js";

/** What lies in a node_modules folder for the manager alone: no import leads there. */
const MANAGERS_OWN = new Set([
  ...STORES,
  ".bin",
  ".modules.yaml",
  ".package-lock.json",
  ".pnpm-config",
  ".pnpm-workspace-state.json",
  ".pnpm-workspace-state-v1.json",
  ".yarn-integrity",
  ".yarn-state.yml",
]);

/** Something right in a node_modules folder, or in a scope of one, that an import can lead to. */
export interface ModulesItem {
  /** What it is imported by: "@scope/name". */
  readonly name: string;
  /** Absolute, links resolved. */
  readonly place: string;
  /** "package": a folder with a package.json; "loose": any other folder, or a file. */
  readonly kind: "package" | "loose";
  readonly isFile: boolean;
}

export interface ReachRequest {
  /** Packages that go in, and those that they declare, by folder. */
  readonly packages: ReadonlyMap<string, Reached>;
  /** Folders and files that are no packages and go in all the same, absolute, links resolved; absent: none. */
  readonly loose?: Iterable<string>;
  /** The folder at which the way up from a folder ends; null: nothing there is looked at. */
  readonly topOf: (folder: string) => string | null;
  /** Whether a package goes in that lies in a folder's node_modules and that nothing which goes in declares. */
  readonly takesUndeclared: (place: string, folder: string) => boolean;
}

export interface Reach {
  /** By folder, those of the request included. */
  readonly packages: ReadonlyMap<string, Reached>;
  /**
   * What lies in node_modules folders and is no package: generated code as Prisma's `.prisma`, folders without a
   * package.json, single files.
   */
  readonly loose: ReadonlySet<string>;
  /** Packages that Node could find and that do not go in, since `takesUndeclared` says so: where they lie, by where they are found. */
  readonly refused: ReadonlyMap<string, string>;
}

/**
 * What Node finds from some packages, in their own node_modules and in those of the folders above: the packages
 * that they declare, and whatever else lies there that can be loaded. That is looked up on the disk, since code
 * requires more than package.json declares.
 */
export function findReach({ packages: declared, loose: given = [], topOf, takesUndeclared }: ReachRequest): Reach {
  const packages = new Map(declared);
  const loose = new Set(given);
  const refused = new Map<string, string>();
  const searched = new Set<string>();
  const pending = [...packages.keys(), ...loose];
  for (let from = pending.pop(); from !== undefined; from = pending.pop()) {
    for (const folder of foldersSearched(from, topOf(from))) {
      if (searched.has(folder)) continue;
      searched.add(folder);
      for (const item of readModules(join(folder, "node_modules"))) add(item, folder);
    }
  }
  for (const [path, place] of refused) if (packages.has(place)) refused.delete(path);
  return { packages, loose, refused };

  function add({ name, place, kind, isFile }: ModulesItem, folder: string): void {
    if (packages.has(place) || loose.has(place) || topOf(place) === null) return;
    if (kind === "package") {
      if (holdsStart(place)) return;
      if (takesUndeclared(place, folder)) addAll(findClosure([place], false));
      else refused.set(join(folder, "node_modules", name), place);
    } else if (!holdsStart(place)) {
      loose.add(place);
      if (!isFile) pending.push(place);
    }
  }

  function addAll(found: ReadonlyMap<string, Reached>): void {
    for (const [key, reached] of found) {
      if (packages.has(key)) continue;
      packages.set(key, reached);
      pending.push(key);
    }
  }

  /** `node_modules/~ -> ..`: a folder that holds what goes in brings nothing new. */
  function holdsStart(place: string): boolean {
    for (const start of declared.keys()) if (isWithin(start, place)) return true;
    return false;
  }
}

/** The folders whose node_modules Node looks into from a folder, the nearest first. */
function foldersSearched(from: string, top: string | null): string[] {
  const folders: string[] = [];
  if (top === null) return folders;
  for (let folder = from; isWithin(folder, top); folder = dirname(folder)) {
    if (basename(folder) !== "node_modules") folders.push(folder);
    if (folder === dirname(folder)) break;
  }
  return folders;
}

/** What imports can find right in a node_modules folder: empty where there is none. Links that lead nowhere are passed over. */
export function readModules(folder: string): ModulesItem[] {
  const entries = entriesIn(folder);
  if (entries.length === 0) return [];
  const real = realpathSync(folder);
  return entries.flatMap((entry) => {
    if (MANAGERS_OWN.has(entry.name)) return [];
    if (!entry.name.startsWith("@")) return readItem(real, entry.name, entry);
    return entriesIn(join(real, entry.name)).flatMap((scoped) => readItem(real, `${entry.name}/${scoped.name}`, scoped));
  });
}

function readItem(folder: string, name: string, entry: Dirent): ModulesItem[] {
  try {
    const link = join(folder, name);
    const place = entry.isSymbolicLink() ? realpathSync(link) : link;
    const status = entry.isSymbolicLink() ? statSync(place) : entry;
    if (status.isFile()) return [{ name, place, kind: "loose", isFile: true }];
    if (!status.isDirectory()) return [];
    return [{ name, place, kind: existsSync(join(place, "package.json")) ? "package" : "loose", isFile: false }];
  } catch {
    return [];
  }
}

/** Sorted by name. */
function entriesIn(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    // Not there, or not readable: who plans the archive says so.
    return [];
  }
}
