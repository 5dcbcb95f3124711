import { posix } from "node:path";
import type { PlannedEntry } from "../../archive/entry.js";
import type { Environment } from "../../environment/environment.js";
import { ENVIRONMENT_FOLDER } from "../../plan/layout.js";
import type { Bases } from "../bases.js";
import { rewritten, type Outcome, type Rule } from "./rule.js";

/**
 * Yarn's Plug'n'Play (census: "Yarn 4 PnP, global cache", "portal/link"): `.pnp.cjs` finds packages by
 * paths relative to itself, which leave the root for the cache in the user's home and for linked folders.
 * What they lead to was brought in; here the file is given the new paths.
 */
export const plugAndPlay: Rule = {
  name: "Plug'n'Play",
  apply: (entry: PlannedEntry, _bases: Bases, { kind, pnp }: Environment): Outcome | null => {
    if (!pnp || entry.type !== "file") return null;
    const path = posix.relative(ENVIRONMENT_FOLDER[kind] || ".", entry.path);
    if (pnp.broughtIn.has(path)) return { action: "broughtIn", entries: [entry] };
    if (path !== pnp.state || pnp.rewritten === null) return null;
    return { action: "relative", entries: [rewritten(entry, pnp.rewritten)] };
  },
};
