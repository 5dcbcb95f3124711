import { readFileSync } from "node:fs";
import { posix } from "node:path";
import type { PlannedEntry } from "../../archive/entry.js";
import { explainError } from "../../support/errors.js";
import { resolvePath, type Bases } from "../bases.js";
import { rewritten, type Outcome, type Rule } from "./rule.js";

/** Bytes. A shim has a few hundred; a program that happens to lie there is not looked at. */
const LARGEST = 1 << 16;

/**
 * pnpm's shims (census: "pnpm 10 project", own path, 6 a shim): NODE_PATH names folders of the virtual
 * store by absolute paths, so that a command finds what its package does not declare. The moved shim
 * would look in the old place, and load from there as long as it exists. It is made to start from its own
 * folder, as pnpm 12's do. NODE_PATH has to be absolute: it is inherited by processes with other folders.
 * Both versions name the programs of linked packages by paths that leave the root.
 */
export const pnpmShims: Rule = {
  name: "pnpm shim",
  apply: (entry: PlannedEntry, bases: Bases): Outcome | null => {
    if (entry.type !== "file" || entry.source.kind !== "disk" || entry.size > LARGEST) return null;
    if (!/(^|\/)node_modules\/\.bin\/[^/]+$/.test(entry.path)) return null;
    const text = read(entry.source.file);
    const changed = makeShimRelative(text, posix.dirname(entry.path), posix.dirname(entry.source.file), bases);
    return changed === text ? null : { action: "relative", entries: [rewritten(entry, changed)] };
  },
};

const ASSIGNMENT = /^([ \t]*export NODE_PATH=)"([^"\n]*)"$/gm;
const BASEDIR = `envpack_basedir=$(CDPATH= cd -P -- "$basedir" && pwd -P) || exit $?\n`;

/**
 * The shim with the folders in NODE_PATH found from its own place; as it is where it is none of pnpm's or
 * names nothing that goes in.
 *
 * @param folder of the shim, as an arcpath
 * @param disk the same on this machine, links resolved
 */
export function makeShimRelative(text: string, folder: string, disk: string, bases: Pick<Bases, "toArcpath">): string {
  if (!text.startsWith("#!") || !/^[ \t]*basedir=/m.test(text)) return text;
  const mend = (place: string): string => {
    const arcpath = bases.toArcpath(posix.resolve(disk, place));
    return arcpath === null ? place : posix.relative(folder, arcpath);
  };
  const inside = text
    .replace(/("\$basedir(?:_abs|_win)?)\/(\.\.\/[^"$`\\]+)"/g, (_, start: string, place: string) => `${start}/${mend(place)}"`)
    .replace(/("\$basedir(?:_abs|_win)?"\/')(\.\.\/[^']+)'/g, (_, start: string, place: string) => `${start}${mend(place)}'`)
    .replace(/^(# cmd-shim-target=)(.*\/.+)$/m, (_, start: string, place: string) => start + mend(place));
  let found = false;
  const changed = inside.replace(ASSIGNMENT, (_, start: string, value: string) => {
    const places = value.split(":").map((place) => {
      const arcpath = place.startsWith("/") ? (bases.toArcpath(place) ?? bases.toArcpath(resolvePath(place))) : null;
      if (arcpath === null) return place;
      found = true;
      return `$envpack_basedir/${escape(posix.relative(folder, arcpath))}`;
    });
    return `${start}"${places.join(":")}"`;
  });
  // The shim sets $basedir above and NODE_PATH below this line.
  return found ? changed.replace(/^if \[ -z "\$NODE_PATH" \]/m, (line) => BASEDIR + line) : inside;
}

/** What means something between double quotes in a shell. */
function escape(path: string): string {
  return path.replace(/["$`\\]/g, "\\$&");
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw explainError(error, "cannot read a command", file);
  }
}
