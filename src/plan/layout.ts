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

/**
 * The environment's folder as the system resolves it and, behind a link, as the user named it, and the
 * folders of linked packages that were brought in: `link:/src/lib` in a package.json names one. What those
 * have installed beside them is named by no text, and may be a whole store.
 */
export function scanRoots({
  kind,
  root,
  namedRoot,
  outside = [],
  copyOf,
}: Pick<Environment, "kind" | "root" | "namedRoot" | "outside" | "copyOf">): readonly Root[] {
  const own = [...new Set([root, namedRoot, ...(copyOf?.roots ?? [])])].map((path) => ({ path, arcpath: ENVIRONMENT_FOLDER[kind] }));
  const linked = outside.flatMap(({ folder, arcpath, packages }) =>
    packages
      .filter(({ path }) => !/(^|\/)node_modules\//.test(path))
      .map(({ path }) => ({ path: posix.join(folder, path), arcpath: posix.join(arcpath, path) })),
  );
  const originals = [...(copyOf?.folders ?? [])].flatMap(([copy, path]) =>
    linked.filter((one) => one.path === copy).map(({ arcpath }) => ({ path, arcpath })),
  );
  return [...own, ...linked, ...originals];
}
