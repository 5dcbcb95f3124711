import type { Drop } from "./drop.js";

const PACKAGE_CACHE: Drop = { reason: "cache", kind: "package manager's cache" };
const BOOKKEEPING: Drop = { reason: "cache", kind: "package manager's state" };

/** What managers keep in their global folders to install from; installed packages do not need it. */
const PATHS: readonly (readonly [RegExp, Drop])[] = [
  // BUN_INSTALL (census: "Bun global"): full of absolute links.
  [/^install\/cache$/, PACKAGE_CACHE],
  // PNPM_HOME: files that packages are hard links of; `links/` holds the packages themselves and stays.
  [/^store\/v\d+\/(files|index|tmp|metadata[^/]*|dlx)$/, PACKAGE_CACHE],
  [/^store\/v\d+\/index\.db(-shm|-wal|-journal)?$/, PACKAGE_CACHE],
  // Census: "pnpm 12 global", absolute symlinks. They lead to all projects that installed from the store.
  [/^store\/v\d+\/projects$/, BOOKKEEPING],
  [/^store\/v\d+\/server$/, BOOKKEEPING],
  // conda's and nodeenv's downloads.
  [/^pkgs$/, PACKAGE_CACHE],
  [/^src$/, PACKAGE_CACHE],
];

/**
 * Whether something in a prefix is what a manager made to install from, or to keep books.
 *
 * @param path relative to the prefix
 * @param names the content of a folder, asked for where the path alone does not tell
 */
export function findPrefixCache(path: string, names: () => readonly string[]): Drop | null {
  const drop = PATHS.find(([pattern]) => pattern.test(path))?.[1] ?? null;
  if (path === "pkgs") return names().some((name) => name === "urls" || name === "urls.txt" || name === "cache") ? drop : null;
  if (path === "src") return names().some((name) => /^node-v\d/.test(name)) ? drop : null;
  return drop;
}
