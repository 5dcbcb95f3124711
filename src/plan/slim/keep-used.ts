import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { PlannedEntry, PlannedFile } from "../../archive/entry.js";
import { EnvpackError } from "../../support/errors.js";
import { unreadable } from "../source.js";
import { holdsLicence } from "./licences.js";
import { readNamedFiles } from "./named-files.js";
import { spellings, splitBare, splitPattern, levelsOf } from "./package-tree.js";
import { findReferences, isScript } from "./references.js";
import type { Sorted, Unit } from "./units.js";
import { append } from "../../support/append.js";

/** Programs between two looks at the signal. */
const SLICE = 64;
/** Bytes of a program's text that is looked through. */
const LARGEST = 64 << 20;

/**
 * Marks what is used although a rule would leave it out: what a package.json names, what a program's text names, what links
 * lead to, and a README that holds the only licence. A kept program is looked through as well.
 */
export async function keepUsed(sorted: Sorted, entries: readonly PlannedEntry[], signal: AbortSignal | undefined): Promise<void> {
  const keeper = new Keeper(sorted);
  keeper.keepLinked(entries);
  for (const file of sorted.others) if (file.path.endsWith("/package.json")) keeper.keepNamed(file);
  keeper.keepLicences();
  const waiting = [...sorted.others];
  for (let done = 0; ; done++) {
    const file = waiting.pop() ?? keeper.found.pop();
    if (file === undefined) break;
    if (done % SLICE === 0) await pause(signal);
    if (isScript(file.path.slice(file.path.lastIndexOf("/") + 1)) && file.size <= LARGEST) keeper.keepReferenced(file);
  }
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  if (signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted");
}

class Keeper {
  /** Programs that stay after all and have not been looked through. */
  readonly found: PlannedFile[] = [];
  readonly #sorted: Sorted;
  /** Units that are files by their package's folder and their name, and those that are folders by the package's. */
  readonly #files = new Map<string, Unit[]>();
  readonly #folders = new Map<string, Unit[]>();

  constructor(sorted: Sorted) {
    this.#sorted = sorted;
    for (const unit of [...sorted.units.values()].flat()) {
      const [map, key] = unit.isFolder ? [this.#folders, unit.root] : [this.#files, `${unit.root}/${posix.basename(unit.inside)}`];
      const units = map.get(key);
      if (units === undefined) map.set(key, [unit]);
      else units.push(unit);
    }
  }

  /** @param file a package.json */
  keepNamed(file: PlannedFile): void {
    const root = file.path.slice(0, -"/package.json".length);
    const own = levelsOf(file.path).at(-1);
    if (own === undefined || !this.#sorted.units.has(own.root)) return;
    const below = root === own.root ? "" : `${root.slice(own.root.length + 1)}/`;
    for (const named of readNamedFiles(textOf(file) ?? "").paths) this.#keepPath(own.root, below + named);
  }

  #keepPath(root: string, path: string): void {
    const why = "its package.json names it";
    const pattern = splitPattern(path);
    for (const unit of this.#sorted.units.get(root) ?? []) {
      const { inside, isFolder } = unit;
      if (pattern === null) {
        const isMeant = isFolder
          ? path === inside || path.startsWith(`${inside}/`)
          : spellings(path).includes(inside) || spellings(`${path}/index`).includes(inside);
        if (isMeant) this.#keep(unit, why);
      } else if (isFolder ? pattern.before.startsWith(`${inside}/`) : matchesEnding(unit, pattern)) this.#keep(unit, why);
    }
  }

  /** A package whose licence stands in its README alone. */
  keepLicences(): void {
    for (const [root, units] of this.#sorted.units) {
      if (this.#sorted.licensed.has(root)) continue;
      for (const unit of units) {
        const [file] = unit.files;
        if (unit.isFolder || file === undefined || !/^readme\b/i.test(unit.inside)) continue;
        if (holdsLicence(textOf(file) ?? "")) this.#keep(unit, "it holds the package's licence");
      }
    }
  }

  /** What a link leads to is there for whoever follows it. */
  keepLinked(entries: readonly PlannedEntry[]): void {
    for (const entry of entries) {
      if (entry.type !== "symlink" || entry.target.startsWith("/")) continue;
      const path = posix.join(posix.dirname(entry.path), entry.target);
      const level = levelsOf(path).at(-1);
      if (level !== undefined) this.#keepPath(level.root, level.inside);
    }
  }

  /** @param file a program */
  keepReferenced(file: PlannedFile): void {
    const text = textOf(file);
    if (text === null) return;
    const root = levelsOf(file.path).at(-1)?.root ?? null;
    const { paths, endings } = findReferences(text);
    const why = `${file.path} names it`;
    for (const path of paths) {
      if (root !== null) this.#keepMeant(root, path, why);
      const bare = splitBare(path);
      for (const other of bare === null ? [] : (this.#sorted.byName.get(bare.name) ?? [])) this.#keepMeant(other, bare?.inside ?? "", why);
    }
    if (root === null) return;
    for (const ending of endings) {
      for (const unit of this.#sorted.units.get(root) ?? []) {
        const { rule, inside, isFolder } = unit;
        if (isFolder || !inside.endsWith(ending) || rule.composed?.test(ending) !== true) continue;
        if (rule.composedNear !== true || `${root}/${inside}`.startsWith(`${posix.dirname(file.path)}/`)) this.#keep(unit, why);
      }
    }
  }

  /** The path may begin anywhere in the package: what begins it is not read. */
  #keepMeant(root: string, path: string, why: string): void {
    const parts = path.split("/");
    for (const unit of this.#folders.get(root) ?? []) if (parts.includes(posix.basename(unit.inside))) this.#keep(unit, why);
    for (const spelling of spellings(path)) {
      for (const unit of this.#files.get(`${root}/${posix.basename(spelling)}`) ?? []) {
        if (unit.inside === spelling || unit.inside.endsWith(`/${spelling}`) || spelling.endsWith(`/${unit.inside}`)) this.#keep(unit, why);
      }
    }
  }

  #keep(unit: Unit, why: string): void {
    if (unit.kept !== null || (unit.rule.chosen === true && !why.startsWith("its package.json"))) return;
    unit.kept = why;
    append(this.found, unit.files);
  }
}

/** `./docs/*` leads into the folder, `./*.md` to files of that ending; `./*` is for programs, whatever else lies there. */
function matchesEnding({ inside, rule }: Unit, { before, after }: { readonly before: string; readonly after: string }): boolean {
  if (!inside.startsWith(before) || !inside.endsWith(after) || inside.length < before.length + after.length) return false;
  const file = { inside: after, name: `x${after}`, package: "", hasFittingNative: false };
  return after !== "" && rule.file?.(file) === true;
}

/** Null: it is no file on the disk. */
function textOf(file: PlannedFile): string | null {
  if (file.source.kind !== "disk") return null;
  try {
    return readFileSync(file.source.file, "utf8");
  } catch (error) {
    throw unreadable(error, file.source.file);
  }
}
