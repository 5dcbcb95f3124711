import type { LeftOutReason } from "./plan.js";

/** Why something stays behind, and the finer kind of it. */
export interface Drop {
  readonly reason: LeftOutReason;
  readonly kind: string;
}

const VCS: Drop = { reason: "vcs", kind: "version control" };
const TOOL_CACHE: Drop = { reason: "cache", kind: "tool cache" };
const INSTALL_STATE: Drop = { reason: "cache", kind: "package manager's state" };
const REPORT: Drop = { reason: "cache", kind: "test report" };
const DESKTOP: Drop = { reason: "cache", kind: "desktop file" };

/** A folder's, or in a worktree or submodule a file's, name. */
const VCS_NAMES = new Set([".git", ".hg", ".svn"]);

/** By name, at any depth; folders and files alike. All of them are made again when missing. */
const ANYWHERE = new Map<string, Drop>([
  [".parcel-cache", TOOL_CACHE],
  [".turbo", TOOL_CACHE],
  [".vitest-cache", TOOL_CACHE],
  [".jest-cache", TOOL_CACHE],
  [".babel-cache", TOOL_CACHE],
  [".eslintcache", TOOL_CACHE],
  [".stylelintcache", TOOL_CACHE],
  [".rpt2_cache", TOOL_CACHE],
  [".pnpm-store", TOOL_CACHE],
  [".nyc_output", REPORT],
  [".DS_Store", DESKTOP],
  ["Thumbs.db", DESKTOP],
]);

/** By the last two parts of the path. */
const BY_TAIL = new Map<string, Drop>([
  ["node_modules/.cache", TOOL_CACHE],
  ["node_modules/.vite-temp", TOOL_CACHE],
  ["node_modules/.vitest", TOOL_CACHE],
  ["node_modules/.pnpm-workspace-state.json", INSTALL_STATE],
  ["node_modules/.pnpm-workspace-state-v1.json", INSTALL_STATE],
  // Names the store in the packer's home; pnpm 10 takes what has another store for foreign, and wipes it.
  ["node_modules/.modules.yaml", INSTALL_STATE],
  [".deno/.setup-cache.bin", INSTALL_STATE],
  [".yarn/install-state.gz", INSTALL_STATE],
  [".next/cache", TOOL_CACHE],
  [".next/dev", TOOL_CACHE],
  [".next/trace", TOOL_CACHE],
]);

/** What istanbul, c8 and vitest write into `coverage/`; a folder of that name may also be sources. */
const COVERAGE_MARKS = ["lcov.info", "lcov-report", "coverage-final.json", "coverage-summary.json", "clover.xml", ".tmp"];

/** Whether a name is that of a version control system's own data. */
export function findVcs(name: string): Drop | null {
  return VCS_NAMES.has(name) ? VCS : null;
}

/**
 * Whether a path is a cache that tools make again. The rules are those of the measured list of
 * caches: they hold absolute paths or nothing that a moved environment needs.
 *
 * @param path relative to the environment's folder
 * @param names the folder's content, where it is a folder: asked for when its name alone does not tell
 */
export function findCache(path: string, name: string, names: () => readonly string[]): Drop | null {
  const anywhere = ANYWHERE.get(name);
  if (anywhere !== undefined) return anywhere;
  if (name.startsWith(".") || name === "trace" || name === "cache" || name === "dev" || name === "install-state.gz") {
    const parent = path.slice(0, Math.max(path.length - name.length - 1, 0));
    return BY_TAIL.get(`${parent.slice(parent.lastIndexOf("/") + 1)}/${name}`) ?? null;
  }
  if (name !== "coverage" || /(^|\/)node_modules\//.test(path)) return null;
  return names().some((mark) => COVERAGE_MARKS.includes(mark)) ? REPORT : null;
}
