import { join } from "node:path";
import { findClosure, type Reached } from "./closure.js";
import type { Project } from "./managers/manager.js";
import { below, isWithin } from "./paths.js";
import { findReach } from "./reach.js";

/** What goes in of a project, as far as imports decide it. */
export interface ProjectReach {
  /** Packages that are declared by what goes in, by folder; some may lie outside of the root. */
  readonly declared: ReadonlyMap<string, Reached>;
  /** For a member: the packages, folders and single files that go in, relative to the root; null: all below the root. */
  readonly closure: Set<string> | null;
  /** For a member: packages that it could find and that do not go in, see `Member`. */
  readonly undeclared: ReadonlyMap<string, string>;
}

/**
 * What Node can find from a project, or from one member of a workspace. Of a member that is what it declares, what
 * the workspace's root declares (it lies in a node_modules above), and what else lies where Node looks; but for what
 * only other members declare, or sisters for their own development.
 *
 * @param member relative to the root; null: the whole project is meant
 */
export function reachOf({ root, members, installed }: Project, member: string | null): ProjectReach {
  const all = [root, ...members.map(({ path }) => join(root, path))];
  const known = new Map(installed.map(({ path, json }) => [join(root, path), json]));
  if (member === null) return { declared: findClosure(all, true, known), closure: null, undeclared: new Map() };
  const declared = new Map(findClosure([join(root, member), root], true, known));
  // The root is no package of the member's: its files stay behind.
  declared.delete(root);
  const others = findClosure(all, true, known);
  const { packages, loose, refused } = findReach({
    packages: declared,
    topOf: (folder) => (isWithin(folder, root) ? root : null),
    takesUndeclared: (place) => !others.has(place),
  });
  const inside = [...packages.keys(), ...loose].filter((one) => isWithin(one, root)).map((one) => below(one, root));
  const undeclared = [...refused].map(([path, place]) => [below(path, root), below(place, root)] as const);
  // pnpm hoists all packages for all: what lies there is looked up by packages that declare too little.
  return {
    declared: packages,
    closure: new Set(inside),
    undeclared: new Map(undeclared.filter(([path]) => !path.includes("node_modules/."))),
  };
}
