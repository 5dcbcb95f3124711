import type { Drop } from "./drop.js";

/** A tool that keeps something in projects which it makes again, and how that is told from what a project needs. */
export interface CacheRow {
  readonly tool: string;
  /** Why it can stay behind: what it holds, and who makes it again. */
  readonly why: string;
  readonly drop: Drop;
  /** Names of files and folders, at any depth. */
  readonly names?: readonly string[];
  /** The last two parts of a path. */
  readonly tails?: readonly string[];
  /** Tells a folder outside node_modules by its own name and by what lies in it; whatever it is called where only the content tells. */
  readonly holds?: (name: string, content: readonly string[]) => boolean;
}

const TOOL: Drop = { reason: "cache", kind: "tool cache" };
const MANAGER: Drop = { reason: "cache", kind: "package manager's cache" };
const LOG: Drop = { reason: "cache", kind: "log" };
const REPORT: Drop = { reason: "cache", kind: "test report" };
const DESKTOP: Drop = { reason: "cache", kind: "desktop file" };

/**
 * What tools keep in projects and make again: the one list of it, in groups by who makes it. What belongs here is
 * needed by no program that runs, whatever it is called: browsers of test runners in `.cache`, generated clients and
 * build output do not. State files and configured folders of package managers stand with each of them, in
 * src/environment/managers. A new row has its tool, its reason, and marks that a folder of the user's own does not have.
 */
export const CACHES: readonly CacheRow[] = [
  // Package managers, where they were told to keep their downloads in the project (as CI does to find them again).
  {
    tool: "npm --cache",
    why: "downloaded packages by digest",
    drop: MANAGER,
    holds: (name, content) => name === "_cacache" && hasAny(content, ["content-v2", "index-v5"]),
  },
  {
    tool: "npm --cache",
    why: "a log of each run",
    drop: LOG,
    holds: (name, content) => name === "_logs" && content.some((one) => one.endsWith(".log")),
  },
  {
    tool: "npm exec --cache",
    why: "packages that were run once",
    drop: MANAGER,
    holds: (name, content) => name === "_npx" && content.some((one) => /^[0-9a-f]{16}$/.test(one)),
  },
  {
    tool: "npm --cache",
    why: "binaries and notes of installations",
    drop: MANAGER,
    names: ["_prebuilds", "_libvips", "_update-notifier-last-checked"],
  },
  {
    tool: "Yarn 1 --cache-folder",
    why: "unpacked packages by name and digest",
    drop: MANAGER,
    holds: (name, content) => /^v\d+$/.test(name) && content.some((one) => /^npm-.+-(integrity|[0-9a-f]{40})$/.test(one)),
  },
  {
    tool: "Bun",
    why: "unpacked packages that are copied from",
    drop: MANAGER,
    holds: (_, content) => content.some((one) => /@@@\d+$/.test(one)),
  },
  {
    tool: "DENO_DIR",
    why: "downloads and analyses; packages are in node_modules",
    drop: MANAGER,
    holds: (_, content) => content.some((one) => /^(dep|node)_analysis_cache_v\d+/.test(one)),
  },
  { tool: "node-gyp", why: "headers to compile addons with", drop: MANAGER, names: [".node-gyp", ".electron-gyp"] },
  {
    tool: "any of them, by XDG_CACHE_HOME",
    why: "downloads",
    drop: MANAGER,
    tails: [".cache/npm", ".cache/pnpm", ".cache/yarn", ".cache/deno", ".cache/node-gyp"],
  },
  {
    tool: "npm, Yarn, pnpm, lerna",
    why: "told of a run that failed",
    drop: LOG,
    names: ["npm-debug.log", "yarn-debug.log", "yarn-error.log", ".pnpm-debug.log", "lerna-debug.log"],
  },

  // Bundlers and compilers (census: "test and lint caches", own path).
  {
    tool: "babel-loader, terser, ESLint, Prettier, Storybook and others",
    why: "transformed sources by digest",
    drop: TOOL,
    tails: ["node_modules/.cache"],
  },
  {
    tool: "the same, beside node_modules",
    why: "transformed sources by digest",
    drop: TOOL,
    tails: [
      ".cache/babel-loader",
      ".cache/eslint",
      ".cache/prettier",
      ".cache/storybook",
      ".cache/swc",
      ".cache/terser-webpack-plugin",
      ".cache/turbo",
      ".cache/webpack",
    ],
  },
  {
    tool: "Vite",
    why: "dependencies bundled for its development server",
    drop: TOOL,
    tails: ["node_modules/.vite", "node_modules/.vite-temp"],
  },
  { tool: "VitePress", why: "the same for its own server", drop: TOOL, tails: [".vitepress/cache", ".vitepress/.temp"] },
  { tool: "Parcel", why: "its graph and parts of bundles", drop: TOOL, names: [".parcel-cache"] },
  { tool: "SWC", why: "compiled plugins", drop: TOOL, tails: [".swc/plugins"] },
  {
    tool: "Babel, rollup, sass",
    why: "compiled sources",
    drop: TOOL,
    names: [".babel-cache", ".rollup.cache", ".rpt2_cache", ".rts2_cache_cjs", ".rts2_cache_es", ".rts2_cache_umd", ".sass-cache"],
  },
  { tool: "Angular", why: "compiled sources", drop: TOOL, tails: [".angular/cache"] },
  { tool: "Astro", why: "images that were made smaller", drop: TOOL, tails: ["node_modules/.astro"] },
  // Census: "Next.js dev output and webpack caches", own path in base64 and behind lengths, so that it is never rewritten; and
  // "Next.js build output". The build itself stays.
  {
    tool: "Next.js",
    why: "compiled sources, its development server's output, a trace of the build",
    drop: TOOL,
    tails: [".next/cache", ".next/dev", ".next/trace"],
  },

  // Runners of tasks.
  { tool: "Turborepo", why: "outputs and logs of tasks", drop: TOOL, names: [".turbo"] },
  { tool: "Nx", why: "outputs of tasks, and what its daemon knows", drop: TOOL, tails: [".nx/cache", ".nx/workspace-data"] },
  { tool: "moon", why: "outputs of tasks", drop: TOOL, tails: [".moon/cache"] },
  { tool: "Wireit", why: "outputs of tasks", drop: TOOL, names: [".wireit"] },

  // Tests and lint.
  { tool: "ESLint, Stylelint, Prettier", why: "results by file", drop: TOOL, names: [".eslintcache", ".stylelintcache", ".prettiercache"] },
  {
    tool: "Jest, Vitest",
    why: "transformed sources and timings",
    drop: TOOL,
    names: [".jest-cache", ".vitest-cache"],
    tails: ["node_modules/.vitest"],
  },
  { tool: "nyc", why: 'raw coverage (census: "test and lint caches")', drop: REPORT, names: [".nyc_output"] },

  // File managers of desktops.
  { tool: "Finder, Explorer", why: "how a folder was looked at", drop: DESKTOP, names: [".DS_Store", "Thumbs.db"] },
];

function hasAny(content: readonly string[], names: readonly string[]): boolean {
  return content.some((one) => names.includes(one));
}
