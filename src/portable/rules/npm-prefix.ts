import { readFileSync } from "node:fs";
import type { PlannedEntry } from "../../archive/entry.js";
import type { Environment } from "../../environment/environment.js";
import { explainError } from "../../support/errors.js";
import type { Bases } from "../bases.js";
import { ownArcpath } from "./own-place.js";
import { rewritten, type Outcome, type Rule } from "./rule.js";

/** Bytes. Settings have a few lines. */
const LARGEST = 1 << 16;

/**
 * npm's settings in a prefix (`etc/npmrc`, and `lib/node_modules/npm/npmrc` as those who package npm write it)
 * that name the prefix itself: global installs would go silently to the old place. Without the line npm
 * takes the folder above the `bin/` of its node, which is the same one.
 */
export const npmPrefix: Rule = {
  name: "npm's prefix",
  apply: (entry: PlannedEntry, bases: Bases, { kind }: Environment): Outcome | null => {
    if (kind === "project" || entry.type !== "file" || entry.source.kind !== "disk" || entry.size > LARGEST) return null;
    if (entry.path !== "etc/npmrc" && entry.path !== "lib/node_modules/npm/npmrc") return null;
    const text = read(entry.source.file);
    const changed = dropOwnPrefix(text, bases);
    return changed === text ? null : { action: "relative", entries: [rewritten(entry, changed)] };
  },
};

/** The settings without the line that sets `prefix` to the environment's own root. */
export function dropOwnPrefix(text: string, bases: Pick<Bases, "toArcpath">): string {
  return text.replace(/^[ \t]*prefix[ \t]*=[ \t]*(["']?)(\/[^"'\r\n]*?)\/*\1[ \t]*(\r?\n|$)/gm, (line, _quote: string, path: string) =>
    ownArcpath(path, bases) === "" ? "" : line,
  );
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw explainError(error, "cannot read npm's settings", file);
  }
}
