import type { PlannedEntry, PlannedFile } from "../../archive/entry.js";
import type { NativeFile } from "../../native/native-file.js";
import { fitsPlatform } from "../../native/fits.js";
import type { Target } from "../../manifest/target.js";
import { isLicence } from "./licences.js";
import { foldersIn, levelsOf, type Level } from "./package-tree.js";
import type { PackageFile, SlimRule } from "./rule.js";

/** A file, or a folder with all that it holds, that a rule would leave out. */
export interface Unit {
  readonly rule: SlimRule;
  readonly root: string;
  readonly inside: string;
  readonly isFolder: boolean;
  readonly files: PlannedFile[];
  /** Why it stays all the same; null: it does not. */
  kept: string | null;
}

/** The package's folders and files of what goes in, sorted out by what rules would leave out. */
export interface Sorted {
  /** By the package's folder. */
  readonly units: ReadonlyMap<string, readonly Unit[]>;
  /** Files of packages that no rule takes, and files of the project's own. */
  readonly others: readonly PlannedFile[];
  /** Packages' folders by the names under which they are imported. */
  readonly byName: ReadonlyMap<string, readonly string[]>;
  /** Packages that hold a licence in a file of its own. */
  readonly licensed: ReadonlySet<string>;
}

export interface SortRequest {
  readonly rules: readonly SlimRule[];
  /** By arcpath. */
  readonly natives: ReadonlyMap<string, NativeFile>;
  readonly target: Target;
}

/** Finds what rules would leave out of installed packages; nothing is read but names. */
export function sortUnits(entries: readonly PlannedEntry[], request: SortRequest): Sorted {
  const sorter = new Sorter(entries, request);
  for (const entry of entries) if (entry.type === "file") sorter.add(entry);
  return sorter;
}

class Sorter implements Sorted {
  readonly units = new Map<string, Unit[]>();
  readonly others: PlannedFile[] = [];
  readonly byName = new Map<string, string[]>();
  readonly licensed = new Set<string>();
  readonly #request: SortRequest;
  readonly #names = new Map<string, string[]>();
  readonly #folders = new Map<string, Unit | null>();
  readonly #fitting: ReadonlySet<string>;
  readonly #seen = new Set<string>();

  constructor(entries: readonly PlannedEntry[], request: SortRequest) {
    this.#request = request;
    this.#fitting = new Set([...request.natives].filter(([, native]) => this.#fits(native) === true).map(([path]) => rootOf(path)));
    for (const { path } of entries) {
      const at = path.lastIndexOf("/");
      const names = this.#names.get(path.slice(0, at));
      if (names === undefined) this.#names.set(path.slice(0, at), [path.slice(at + 1)]);
      else names.push(path.slice(at + 1));
    }
  }

  add(file: PlannedFile): void {
    const levels = levelsOf(file.path);
    const level = levels.at(-1);
    if (level === undefined) {
      this.others.push(file);
      return;
    }
    this.#noteName(level);
    if (isLicence(level.inside)) {
      if (!level.inside.includes("/")) this.licensed.add(level.root);
      return;
    }
    const unit = this.#folderUnit(levels) ?? this.#fileUnit(level, file);
    if (unit === null) this.others.push(file);
    else unit.files.push(file);
  }

  #noteName({ root, name }: Level): void {
    if (this.#seen.has(root)) return;
    this.#seen.add(root);
    const roots = this.byName.get(name);
    if (roots === undefined) this.byName.set(name, [root]);
    else roots.push(root);
  }

  #folderUnit(levels: readonly Level[]): Unit | null {
    for (const { root, inside } of levels) {
      for (const folder of foldersIn(inside)) {
        if (folder === "node_modules" || folder.includes("/node_modules") || folder.startsWith("node_modules/")) break;
        const path = `${root}/${folder}`;
        let unit = this.#folders.get(path);
        if (unit === undefined) {
          const rule = this.#request.rules.find((one) => one.folder?.(folder, () => this.#names.get(path) ?? []) === true);
          unit = rule === undefined ? null : this.#open(rule, root, folder, true);
          this.#folders.set(path, unit);
        }
        if (unit !== null) return unit;
      }
    }
    return null;
  }

  #fileUnit({ root, name: owner, inside }: Level, { path }: PlannedFile): Unit | null {
    const native = this.#request.natives.get(path);
    const file: PackageFile = {
      inside,
      name: inside.slice(inside.lastIndexOf("/") + 1),
      package: owner,
      native,
      hasFittingNative: this.#fitting.has(root),
      fits: native === undefined ? undefined : this.#fits(native),
    };
    const rule = this.#request.rules.find((one) => one.file?.(file) === true);
    return rule === undefined ? null : this.#open(rule, root, inside, false);
  }

  #fits(native: NativeFile): boolean | undefined {
    return native.os === null || native.arch === null ? undefined : fitsPlatform(native, this.#request.target);
  }

  #open(rule: SlimRule, root: string, inside: string, isFolder: boolean): Unit {
    const unit = { rule, root, inside, isFolder, files: [], kept: null };
    const units = this.units.get(root);
    if (units === undefined) this.units.set(root, [unit]);
    else units.push(unit);
    return unit;
  }
}

function rootOf(path: string): string {
  return levelsOf(path).at(-1)?.root ?? "";
}
