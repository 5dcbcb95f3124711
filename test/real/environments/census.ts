/**
 * The rows of the census of absolute paths in real environments, in its order and words, and below them
 * what else has to be shown of environments. Each has at least one case.
 */
const ROWS = {
  fresh: "npm, Yarn 1, Yarn 4 node-modules, Bun, fresh: nothing",
  gyp: "node-gyp output: own path, home, global Node",
  "gyp-root": "node-gyp output: a relative path through /",
  "pnpm10-shims": "pnpm 10 project: own path in every shim",
  "pnpm12-shims": "pnpm 12 project: nothing in shims",
  "pnpm-global": "pnpm 10 and 12 global: own path in shims",
  "pnpm12-links": "pnpm 12 global: absolute links in store/v11/projects",
  "pnpm-store": "pnpm, all: the store's path in .modules.yaml",
  "pnpm-state": "pnpm, all: own path in .pnpm-workspace-state",
  "pnp-global": "Yarn 4 PnP, global cache: home, as paths that leave the root",
  "pnp-local": "Yarn 4 PnP, local cache: nothing but portal and link",
  "yarn-pnpm": "Yarn 4 pnpm linker: own path in install-state.gz",
  outside: "workspaces, file:, link:, npm link: links that leave the root",
  "outside-text": "links that leave the root: absolute text in settings and lockfiles",
  deno: "Deno node_modules: own path in a state file",
  "deno-global": "Deno install -g: own path in launchers",
  "bun-global": "Bun global: absolute links in install/cache",
  nodeenv: "nodeenv: own path and the system's node in scripts",
  prefix: "a Node prefix: bin/npm finds another node",
  "next-build": "Next.js build output: own path as keys across files",
  "next-dev": "Next.js dev output and webpack caches: own path, base64, binary",
  caches: "test and lint caches: own path",
  kept: "Vite, TypeScript, NODE_COMPILE_CACHE: nothing, kept",
  broken: "trap: a package that is broken before it is packed",
  mismatch: "trap: an addon that the packed runtime cannot load",
  member: "one member of a workspace with its closure",
  "omit-dev": "--omit dev by the lockfile",
} as const;

export type CensusRow = keyof typeof ROWS;

export const CENSUS: ReadonlyMap<CensusRow, string> = new Map(Object.entries(ROWS) as [CensusRow, string][]);

/** Throws where a case names a row that the census has not. */
export function checkRows(rows: readonly string[], name: string): void {
  const unknown = rows.filter((row) => !CENSUS.has(row as CensusRow));
  if (rows.length === 0 || unknown.length > 0) throw new Error(`${name}: ${unknown[0] ?? "no row"} is not one of the census`);
}
