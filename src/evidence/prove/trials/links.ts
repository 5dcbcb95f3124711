import { existsSync, readlinkSync, realpathSync } from "node:fs";
import { dirname, join, posix, relative, resolve } from "node:path";
import { listTree } from "../../../listing/listing.js";
import type { TrialContext } from "../context.js";
import type { Trial } from "../report.js";

/** Links that lead out of the environment: they work as long as it stands where it was made. */
export function tryLinks({ subject: { tree } }: TrialContext): Trial[] {
  const began = performance.now();
  const links = linksOf(tree);
  const out = links.filter((path) => leadsOut(tree, path));
  const seconds = (performance.now() - began) / 1000;
  const base = { kind: "links" as const, from: null };
  if (out.length === 0)
    return [
      {
        ...base,
        name: "",
        outcome: "ok",
        detail:
          links.length === 0 ? "there are none" : `${links.length} ${links.length === 1 ? "link leads" : "links lead"} to what is inside`,
        reason: null,
        seconds,
      },
    ];
  return out.map((path) => ({
    ...base,
    name: path,
    outcome: "failed",
    detail: "leads out of the environment",
    reason: `is a link to ${readlinkSync(join(tree, path))}, which will not be there elsewhere`,
    seconds: 0,
  }));
}

function linksOf(tree: string): string[] {
  const found: string[] = [];
  for (const [folder, listed] of listTree(tree)) {
    for (const [index, name] of listed.names.entries()) if (listed.kind(index) === "symlink") found.push(posix.join(folder, name));
  }
  return found.sort();
}

/** A link to nothing, inside, is none that leads out: package managers make them. */
function leadsOut(tree: string, path: string): boolean {
  const link = join(tree, path);
  const target = existsSync(link) ? realpathSync(link) : resolve(realpathSync(dirname(link)), readlinkSync(link));
  return isOutside(realpathSync(tree), target) || readlinkSync(link).startsWith("/");
}

function isOutside(root: string, path: string): boolean {
  const inside = relative(root, path);
  return inside === ".." || inside.startsWith("../");
}
