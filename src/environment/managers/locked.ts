import { append } from "../../support/append.js";

/** A lockfile as a graph: what each locked package depends on, and where the project's packages begin. */
export interface LockGraph {
  /** The lockfile's name, for messages. */
  readonly file: string;
  /** By the lockfile's own key. */
  readonly packages: ReadonlyMap<string, LockedNode>;
  /** Keys that the project and its members depend on but for development. */
  readonly needed: readonly string[];
}

export interface LockedNode {
  /** "name@version", as the installed package's own package.json says it. */
  readonly id: string;
  /** Keys of the packages that it depends on. */
  readonly dependencies: readonly string[];
  /** May be absent: for another platform, or its installation failed. */
  readonly optional?: boolean;
}

/** Keys of the packages that can be reached from these. */
export function reachKeys<Node extends { readonly dependencies: readonly string[] }>(
  packages: ReadonlyMap<string, Node>,
  from: readonly string[],
): ReadonlySet<string> {
  const reached = new Set<string>();
  const pending = [...from];
  for (let key = pending.pop(); key !== undefined; key = pending.pop()) {
    const node = packages.get(key);
    if (node === undefined || reached.has(key)) continue;
    reached.add(key);
    append(pending, node.dependencies);
  }
  return reached;
}

/** The name in "name@version" or "@scope/name@version". */
export function nameOf(id: string): string {
  const at = id.indexOf("@", 1);
  return at === -1 ? id : id.slice(0, at);
}
