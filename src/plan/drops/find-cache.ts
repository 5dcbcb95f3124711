import type { Environment } from "../../environment/environment.js";
import { MANAGERS } from "../../environment/managers/registry.js";
import { CACHES } from "./cache-list.js";
import type { Drop } from "./drop.js";
import { PackageCaches } from "./package-caches.js";
import { findCoverage } from "./test-reports.js";

const STATE: Drop = { reason: "cache", kind: "package manager's state" };

const BY_NAME = new Map(CACHES.flatMap(({ drop, names = [] }) => names.map((name) => [name, drop] as const)));
const BY_TAIL = new Map([
  ...CACHES.flatMap(({ drop, tails = [] }) => tails.map((tail) => [tail, drop] as const)),
  ...MANAGERS.flatMap(({ state }) => state.map((tail) => [tail, STATE] as const)),
]);
const BY_CONTENT = CACHES.flatMap(({ drop, holds }) => (holds === undefined ? [] : [{ drop, holds }]));
/** Most names end no tail: then the path need not be cut. */
const TAIL_NAMES = new Set([...BY_TAIL.keys()].map((tail) => tail.slice(tail.indexOf("/") + 1)));

/** Something in the environment's folder. */
export interface CacheCandidate {
  /** Relative to the environment's folder. */
  readonly path: string;
  readonly name: string;
  readonly type: string;
  /** A folder's content: asked for where its name alone does not tell. */
  readonly names: () => readonly string[];
}

/**
 * Tells what tools make again: by cache-list.ts, by what each package manager says of itself, and by where the
 * project's settings put such things. Such files hold absolute paths (census), or nothing that a moved environment needs.
 */
export class CacheFinder {
  readonly #packages: PackageCaches;

  constructor(environment: Pick<Environment, "root" | "kind">) {
    this.#packages = new PackageCaches(environment);
  }

  find({ path, name, type, names }: CacheCandidate): Drop | null {
    const named = BY_NAME.get(name);
    if (named !== undefined) return named;
    const above = path.slice(0, Math.max(path.length - name.length - 1, 0));
    if (TAIL_NAMES.has(name)) {
      const tail = BY_TAIL.get(`${above.slice(above.lastIndexOf("/") + 1)}/${name}`);
      if (tail !== undefined) return tail;
    }
    if (/(^|\/)node_modules(\/|$)/.test(path)) return null;
    if (type !== "folder") return this.#packages.findInStore(path, above);
    return (
      BY_CONTENT.find(({ holds }) => holds(name, names()))?.drop ??
      this.#packages.findFolder(path, name, names) ??
      findCoverage(path, name, names)
    );
  }
}
