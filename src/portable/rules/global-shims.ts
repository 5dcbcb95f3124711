import { posix } from "node:path";
import type { PlannedEntry } from "../../archive/entry.js";
import type { Environment } from "../../environment/environment.js";
import { isLauncherText } from "../../environment/prefixes/launcher-kinds.js";
import type { Bases } from "../bases.js";
import { ownArcpath } from "./own-place.js";
import { makeShimRelative } from "./pnpm-shims.js";
import { readScript } from "./read-script.js";
import { rewritten, type Outcome, type Rule } from "./rule.js";

/**
 * Shims of pnpm's global folder (census: "pnpm 10 and 12 global (PNPM_HOME)"): NODE_PATH and, in a comment,
 * the shim's target are absolute, in PNPM_HOME, in its `bin/` and in every `.bin` below. The program itself is
 * found from the shim's own place; only what a package does not declare would be looked for in the old one.
 */
export const globalShims: Rule = {
  name: "global shim",
  apply: (entry: PlannedEntry, bases: Bases, { kind }: Environment): Outcome | null => {
    // In a project pnpm writes such words where its virtual store is the global one.
    const isShim = kind === "project" ? /(^|\/)node_modules\/\.bin\/[^/]+$/ : /^(bin\/)?[^/]+$|(^|\/)\.bin\/[^/]+$/;
    if (!isShim.test(entry.path)) return null;
    const script = readScript(entry);
    if (script === null || !isLauncherText("cmd-shim", script.text)) return null;
    const folder = posix.dirname(entry.path);
    const started = makeShimRelative(script.text, folder, posix.dirname(script.disk), bases);
    const changed = makeGlobalShimRelative(started, folder, bases);
    return changed === script.text ? null : { action: "relative", entries: [rewritten(script.file, changed)] };
  },
};

const ASSIGNMENT = /^([ \t]*export NODE_PATH=)(.*)$/gm;
/** A word of the assignment, as pnpm 12 writes them: `'/a:/b':"$basedir_abs"/'../c':"$NODE_PATH"`. */
const WORD = /(?<=^|:)'(\/[^'\n]*)'(?=:|$)/g;
const TARGET = /^(# cmd-shim-target=)(\/.*)$/gm;

/**
 * A shim of pnpm 12 with NODE_PATH built upon `$basedir_abs`, which it sets to its own folder; as it is
 * where it names nothing that goes in.
 *
 * @param folder of the shim, as an arcpath
 */
export function makeGlobalShimRelative(text: string, folder: string, bases: Pick<Bases, "toArcpath">): string {
  const toRelative = (place: string): string | null => {
    const arcpath = place.startsWith("/") ? ownArcpath(place, bases) : null;
    return arcpath === null ? null : posix.relative(folder, arcpath);
  };
  const makeWord = (_: string, value: string): string => {
    const places = value.split(":").map((place) => {
      const relative = toRelative(place);
      return relative === null ? `'${place}'` : `"$basedir_abs"/'${relative}'`;
    });
    return places.join(":");
  };
  const assigned = /^basedir_abs=/m.test(text)
    ? text.replace(ASSIGNMENT, (_, start: string, value: string) => start + value.replace(WORD, makeWord))
    : text;
  return assigned.replace(TARGET, (line, start: string, target: string) => {
    const relative = toRelative(target);
    return relative === null ? line : `${start}${relative}`;
  });
}
