import { posix } from "node:path";
import type { Entry } from "../../archive/entry.js";
import { EnvpackError } from "../../support/errors.js";
import type { Manifest } from "../../manifest/manifest.js";
import { PORTABLE_CLI } from "../../archive/embedded.js";

/** Libraries that a conda prefix's node loads from beside itself. */
const LIBRARY = /^lib\/[^/]+\.so(\.\d+)*$/;

/**
 * What has to come out of an archive before the tool inside can read the rest: its node, what that loads,
 * and the tool.
 *
 * @returns arcpaths, those that a link needs among them
 * @throws EnvpackError ARCHIVE_UNFIT where the archive brings no such node or tool
 */
export function bootFiles(entries: readonly Entry[], { runtime }: Pick<Manifest, "runtime">, archive: string): string[] {
  const known = new Map(entries.map((entry) => [entry.path, entry]));
  const node = chase("bin/node", known);
  if (runtime === null || node === null || !known.has(PORTABLE_CLI)) {
    const why = runtime === null ? "brings no Node.js" : `brings Node.js ${runtime.version}, which is too old for the tool that unpacks it`;
    throw new EnvpackError("ARCHIVE_UNFIT", `the archive ${why}, and workers of Slurm have none`, {
      path: archive,
      hint: "pack it with another runtime: `envpack pack --node 22`",
    });
  }
  const libraries = entries.filter(({ type, path }) => type !== "directory" && LIBRARY.test(path));
  return [...node, PORTABLE_CLI, ...libraries.flatMap(({ path }) => chase(path, known) ?? [])].filter(
    (path, at, all) => all.indexOf(path) === at,
  );
}

/** A path with what its links lead to; null where there is no file at the end. */
function chase(path: string, known: ReadonlyMap<string, Entry>): string[] | null {
  const steps: string[] = [];
  for (let at = path; !steps.includes(at);) {
    steps.push(at);
    const entry = known.get(at);
    if (entry?.type === "file") return steps;
    if (entry === undefined || entry.type === "directory") return null;
    at = entry.type === "hardlink" ? entry.target : posix.join(posix.dirname(at), entry.target);
  }
  return null;
}
