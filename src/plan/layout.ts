import { posix } from "node:path";
import type { Environment } from "../environment/environment.js";

/** Where an environment's own folder lies in the archive, as an arcpath: "" is the archive's root. */
export const ENVIRONMENT_FOLDER: Readonly<Record<Environment["kind"], string>> = {
  project: "app",
  prefix: "",
  conda: "",
};

/**
 * The folders, as arcpaths, from which scripts outside the environment resolve bare imports, in their order.
 * `lib` of a prefix is always one: what `npm install -g` adds after a move stands there.
 */
export function resolveFolders({ kind, resolveFrom = [] }: Pick<Environment, "kind" | "resolveFrom">): readonly string[] {
  const base = ENVIRONMENT_FOLDER[kind];
  if (kind !== "project") return [...new Set([...resolveFrom, "lib"])];
  return resolveFrom.length === 0 ? [base] : resolveFrom.map((folder) => posix.join(base, folder));
}

/** A folder whose absolute path may stand in files, and what it became in the archive. */
interface Root {
  /** Absolute. */
  readonly path: string;
  /** As an arcpath; "" for the archive's root. */
  readonly arcpath: string;
}

/** The environment's folder as the system resolves it and, behind a link, as the user named it. */
export function scanRoots(environment: Pick<Environment, "kind" | "root" | "namedRoot">): readonly Root[] {
  const arcpath = ENVIRONMENT_FOLDER[environment.kind];
  return [...new Set([environment.root, environment.namedRoot])].map((path) => ({ path, arcpath }));
}
