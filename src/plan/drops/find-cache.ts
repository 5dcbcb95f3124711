import { denoState } from "./deno-state.js";
import { desktopFiles } from "./desktop-files.js";
import type { Drop, DropRule } from "./drop.js";
import { nextCaches } from "./next-caches.js";
import { pnpmState } from "./pnpm-state.js";
import { findCoverage, testReports } from "./test-reports.js";
import { toolCaches } from "./tool-caches.js";
import { yarnState } from "./yarn-state.js";

const RULES: readonly DropRule[] = [toolCaches, nextCaches, pnpmState, yarnState, denoState, testReports, desktopFiles];

const BY_NAME = new Map(RULES.flatMap(({ drop, names = [] }) => names.map((name) => [name, drop] as const)));
const BY_TAIL = new Map(RULES.flatMap(({ drop, tails = [] }) => tails.map((tail) => [tail, drop] as const)));
/** Most names end no tail: then the path need not be cut. */
const TAIL_NAMES = new Set([...BY_TAIL.keys()].map((tail) => tail.slice(tail.indexOf("/") + 1)));

/**
 * Whether a path is a cache or a note that tools make again. The rules are those of the census of
 * absolute paths: such files hold absolute paths or nothing that a moved environment needs.
 *
 * @param path relative to the environment's folder
 * @param names the folder's content, where it is a folder: asked for when its name alone does not tell
 */
export function findCache(path: string, name: string, names: () => readonly string[]): Drop | null {
  const named = BY_NAME.get(name);
  if (named !== undefined) return named;
  if (!TAIL_NAMES.has(name)) return findCoverage(path, name, names);
  const parent = path.slice(0, Math.max(path.length - name.length - 1, 0));
  return BY_TAIL.get(`${parent.slice(parent.lastIndexOf("/") + 1)}/${name}`) ?? null;
}
