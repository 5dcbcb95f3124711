import type { PlannedEntry } from "../../archive/entry.js";
import type { Environment } from "../../environment/environment.js";
import { isLauncherText } from "../../environment/prefixes/launcher-kinds.js";
import { type Bases } from "../bases.js";
import { ownArcpath, ownPlace, ownWord } from "./own-place.js";
import { readScript } from "./read-script.js";
import { rewritten, type Outcome, type Rule } from "./rule.js";

/**
 * nodeenv's scripts (census: "nodeenv"): `bin/shim`, and `bin/node` of `--node=system`, set
 * NPM_CONFIG_PREFIX to the old place and start the system's node: moved, installs go silently to the old place.
 * They are made to start from their own, with the node that was brought in as `bin/node`; envpack's own
 * activate scripts take the place of nodeenv's.
 */
export const nodeenvScripts: Rule = {
  name: "nodeenv script",
  apply: (entry: PlannedEntry, bases: Bases, { kind, runtime }: Environment): Outcome | null => {
    if (kind === "project" || !/^bin\/[^/]+$/.test(entry.path)) return null;
    const script = readScript(entry);
    if (script === null || !isLauncherText("nodeenv", script.text)) return null;
    const changed = makeNodeenvRelative(script.text, bases, runtime !== null);
    return { action: "relative", entries: [rewritten(script.file, changed)] };
  },
};

/** @param ownNode whether the archive has a `bin/node`; else the node of PATH is started */
export function makeNodeenvRelative(text: string, bases: Pick<Bases, "toArcpath">, ownNode: boolean): string {
  const placed = text.replace(/^(export \w+=)'(\/[^'\n]*)'$/gm, (line, start: string, path: string) => {
    const arcpath = ownArcpath(path, bases);
    return arcpath === null ? line : start + ownWord(arcpath);
  });
  const started = placed.replace(/^exec '[^'\n]*'/m, `exec ${ownNode ? ownWord("bin/node") : "node"}`);
  return started.replace("\n", `\n${ownPlace(1)}`);
}
