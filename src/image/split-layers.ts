import type { PlannedEntry } from "../archive/entry.js";
import type { Manifest } from "../manifest/manifest.js";

/** The layers of an environment, from what changes least to what changes most. */
export const LAYER_ROLES = ["runtime", "large dependencies", "dependencies", "application"] as const;
export type LayerRole = (typeof LAYER_ROLES)[number];

export interface PlannedLayer {
  readonly role: LayerRole;
  /** Each folder before what it holds; folders of several layers stand in each. */
  readonly entries: readonly PlannedEntry[];
}

/** Comes with Node.js and envpack, and changes with them. */
const RUNTIME = /^(?:bin\/(?:node|npm|npx|corepack)|lib\/node_modules\/(?:npm|corepack)(?:\/.*)?|\.envpack\/envpack\.cjs)$/;
/** What package managers installed, and what was made of it: launchers, and the hook that knows where packages are. */
const DEPENDENCIES = /(?:^|\/)node_modules(?:\/|$)|^(?:bin|lib|links)(?:\/|$)|^\.envpack\/hook\.cjs$|^app\/(?:\.yarn(?:\/|$)|\.pnp\.)/;
/** Envpack's own records change whenever anything does. */
const OWN = /^\.envpack(?:\/|$)/;

/** The folder of a package: in pnpm's store, with a scope, or plain. */
const PACKAGE = /^(?:.*?\/)?node_modules\/(?:\.pnpm\/[^/]+|@[^/]+\/[^/]+|[^/]+)/;

/** Bytes from which a package counts as large: these are binaries mostly, and change on their own. */
const LARGE = 4 << 20;
/** A layer of their own pays only where it spares this much each time a small package changes. */
const WORTH = 8 << 20;

/** Distributes entries over layers by how often they change. */
export function splitLayers(entries: readonly PlannedEntry[], kind: Manifest["kind"]): readonly PlannedLayer[] {
  const large = largePackages(entries);
  const byRole = new Map<LayerRole, LayerBuilder>(LAYER_ROLES.map((role) => [role, new LayerBuilder()]));
  for (const entry of entries) byRole.get(roleOf(entry.path, kind, large))?.add(entry);
  return LAYER_ROLES.flatMap((role) => {
    const found = byRole.get(role)?.entries ?? [];
    return found.some(({ type }) => type !== "directory") || role === "application" ? [{ role, entries: found }] : [];
  });
}

function roleOf(path: string, kind: Manifest["kind"], large: ReadonlySet<string>): LayerRole {
  if (RUNTIME.test(path)) return "runtime";
  if (DEPENDENCIES.test(path) || (kind !== "project" && !OWN.test(path)))
    return large.has(PACKAGE.exec(path)?.[0] ?? "") ? "large dependencies" : "dependencies";
  return "application";
}

function largePackages(entries: readonly PlannedEntry[]): ReadonlySet<string> {
  const sizes = new Map<string, number>();
  for (const entry of entries) {
    if (entry.type !== "file" || RUNTIME.test(entry.path)) continue;
    const folder = PACKAGE.exec(entry.path)?.[0];
    if (folder !== undefined) sizes.set(folder, (sizes.get(folder) ?? 0) + entry.size);
  }
  const large = [...sizes].filter(([, size]) => size >= LARGE);
  const sum = large.reduce((total, [, size]) => total + size, 0);
  return new Set(sum < WORTH ? [] : large.map(([folder]) => folder));
}

/** Adds the folders above each entry once. */
class LayerBuilder {
  readonly entries: PlannedEntry[] = [];
  readonly #folders = new Set<string>();

  add(entry: PlannedEntry): void {
    this.#addAbove(entry.path);
    if (entry.type === "directory" && this.#folders.has(entry.path)) return;
    if (entry.type === "directory") this.#folders.add(entry.path);
    this.entries.push(entry);
  }

  #addAbove(path: string): void {
    const slash = path.lastIndexOf("/");
    if (slash < 0) return;
    const folder = path.slice(0, slash);
    if (this.#folders.has(folder)) return;
    this.#addAbove(folder);
    this.#folders.add(folder);
    this.entries.push({ type: "directory", path: folder });
  }
}
