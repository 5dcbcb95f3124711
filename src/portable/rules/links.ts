import { posix } from "node:path";
import type { PlannedEntry, SymlinkEntry } from "../../archive/entry.js";
import { EnvpackError } from "../../support/errors.js";
import { resolvePath, type Bases } from "../bases.js";
import type { Outcome, Rule } from "./rule.js";

/**
 * Symbolic links (census: absolute links of pnpm's global store and of Bun; links of workspaces, `file:`,
 * `link:` and `npm link` that leave the root). A link that leads into the environment is made relative
 * where it would not work from elsewhere; one that leads out is an error. Where it leads is asked of the
 * kernel, never read off its text: `a/../b` through a link is not `b`, and a relative link may climb out
 * of the root and come back by the root's own name.
 */
export const links: Rule = {
  name: "link",
  apply: (entry: PlannedEntry, bases: Bases): Outcome | null => {
    if (entry.type !== "symlink") return null;
    const disk = bases.toDisk(entry.path);
    // Made for the archive, not found on the disk: whoever made it saw to it that it leads inside.
    if (disk === null) return null;
    const arcpath = bases.toArcpath(resolveTarget(disk.path, entry.target));
    if (arcpath === null) throw escapes(entry, disk.path);
    if (isPortable(entry.target, disk.depth)) return { action: null, entries: [entry] };
    const target = posix.relative(posix.dirname(entry.path), arcpath) || ".";
    return { action: "relative", entries: [{ ...entry, target }] };
  },
};

/** The path that a link names, free of links but for its own last name: a link to a link stays one. */
function resolveTarget(disk: string, target: string): string {
  const folder = resolvePath(posix.dirname(disk));
  const path = (posix.isAbsolute(target) ? target : `${folder}/${target}`).replace(/(?<!\/)\/+$/, "") || "/";
  const cut = path.lastIndexOf("/");
  const name = path.slice(cut + 1);
  if (name === "" || name === "." || name === "..") return resolvePath(path);
  return posix.join(resolvePath(path.slice(0, cut) || "/"), name);
}

/** Climbs first, no further than the folder that is packed, and only then goes down: it means the same anywhere. */
function isPortable(target: string, depth: number): boolean {
  if (posix.isAbsolute(target)) return false;
  const parts = target.replace(/(?<!\/)\/+$/, "").split("/");
  const firstName = parts.findIndex((part) => part !== "..");
  const climbs = firstName === -1 ? parts.length : firstName;
  return climbs <= depth && !parts.slice(climbs).includes("..");
}

function escapes(entry: SymlinkEntry, disk: string): EnvpackError {
  return new EnvpackError("LINK_ESCAPES", `a link leads out of the environment: ${entry.path} -> ${entry.target}`, {
    path: disk,
    hint: "install what it leads to as a copy, or leave the link out with --exclude",
  });
}
