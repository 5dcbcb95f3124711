import { join, relative, sep } from "node:path";
import type { Environment } from "../../environment/environment.js";
import { readModulesYaml } from "../../environment/managers/pnpm/lockfile.js";
import { hasPnp } from "../../environment/pnp/packages.js";
import { MANAGERS } from "../../environment/managers/registry.js";
import type { Drop } from "./drop.js";

const CACHE: Drop = { reason: "cache", kind: "package manager's cache" };

/** In a store of pnpm's: files that packages are links of, its own books, and links to all projects that installed from it. */
const STORE_PARTS = /(^|\/)v\d+\/(files|index|index\.db(-shm|-wal|-journal)?|tmp|metadata[^/]*|projects|server|dlx)$/;
/** An archive of Yarn's cache: name, digest of the locator, digest of the content or the cache's version. */
const YARN_ARCHIVE = /-[0-9a-f]{10}-(?:[0-9a-f]{10,}|\d+(?:c\d)?)\.zip$/;

/** Finds what package managers keep in a project to install from; what an installation loads from there stays. */
export class PackageCaches {
  /** Folders that the project's own settings name. */
  readonly #configured: ReadonlySet<string>;
  readonly #isPnp: boolean;
  readonly #virtualStore: string | null;
  /** Stores of pnpm's that were met, relative to the root. */
  readonly #stores = new Set<string>();

  constructor({ root, kind }: Pick<Environment, "root" | "kind">) {
    this.#configured = new Set(kind === "project" ? MANAGERS.flatMap(({ cacheFolders }) => cacheFolders(root)) : []);
    this.#isPnp = hasPnp(root);
    this.#virtualStore = kind === "project" ? virtualStoreOf(root) : null;
  }

  /** @param names the content of a folder */
  findFolder(path: string, name: string, names: () => readonly string[]): Drop | null {
    if (this.#configured.has(path)) return CACHE;
    if (!this.#isPnp && isYarnCache(names())) return CACHE;
    const above = path.slice(0, Math.max(path.length - name.length - 1, 0));
    if (name === "links" && this.#stores.has(above)) return this.#isLinked(path) ? null : CACHE;
    if (/^v\d+$/.test(name) && isPnpmStore(names())) this.#stores.add(path);
    return this.findInStore(path, above);
  }

  /** Whether packages of the project lie there; where nothing tells, they may. */
  #isLinked(path: string): boolean {
    return this.#virtualStore === null || this.#virtualStore.startsWith(path);
  }

  /** Something in a store of pnpm's: the packages themselves lie in `links`. */
  findInStore(path: string, above: string): Drop | null {
    return this.#stores.has(above) && STORE_PARTS.test(path) ? CACHE : null;
  }
}

function isPnpmStore(content: readonly string[]): boolean {
  return content.includes("files") && content.some((name) => /^(index(\.db)?|tmp|projects|links)$/.test(name));
}

function isYarnCache(content: readonly string[]): boolean {
  const archives = content.filter((name) => name !== ".gitignore");
  return archives.length > 0 && archives.every((name) => YARN_ARCHIVE.test(name));
}

/** Where pnpm's packages lie, relative to the root; null where nothing tells. */
function virtualStoreOf(root: string): string | null {
  const folder = readModulesYaml(root)?.virtualStoreDir;
  return typeof folder === "string"
    ? relative(root, folder.startsWith("/") ? folder : join(root, "node_modules", folder))
        .split(sep)
        .join("/")
    : null;
}
