import { join } from "node:path";
import { satisfies } from "semver";
import type { Environment } from "../../environment/environment.js";
import { EnvpackError } from "../../support/errors.js";

/** What was read off programs' texts already: several traces of the same files share it. Its content is nft's own. */
export type TraceMemory = Map<string, unknown>;

/** Versions of Node.js that ask packages for `module-sync`. */
const MODULE_SYNC = ">=22.10.0 || ^20.19.0";

/**
 * The files that scripts lead to, by @vercel/nft: absolute, with why. It is loaded here, since few packings ask for it. It
 * reads the conditions of `exports` as the Node.js that goes in does; where none goes in, as any does.
 *
 * @param entries absolute
 * @param memory of an earlier trace of these files, which is added to
 */
export async function traceEntries(
  { root, outside = [], runtime }: Environment,
  entries: readonly string[],
  { signal, memory = new Map() }: { readonly signal?: AbortSignal; readonly memory?: TraceMemory },
): Promise<ReadonlyMap<string, string>> {
  const { nodeFileTrace } = await import("@vercel/nft");
  const roots = [root, ...outside.map(({ folder }) => folder)];
  const stop = (): void => {
    if (signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted");
  };
  const knowsSync = runtime === null || satisfies(runtime.version, MODULE_SYNC, { includePrerelease: true });
  const { fileList, reasons } = await nodeFileTrace([...entries], {
    base: "/",
    processCwd: root,
    conditions: ["node", ...(knowsSync ? ["module-sync"] : [])],
    moduleSyncCatchall: true,
    mixedModules: true,
    cache: { analysisCache: memory },
    ignore: (path) => {
      stop();
      const full = join("/", path);
      return !roots.some((one) => full === one || full.startsWith(`${one}/`));
    },
  });
  const place = (path: string): string => {
    const full = join("/", path);
    return full.startsWith(`${root}/`) ? full.slice(root.length + 1) : full;
  };
  const found = new Map<string, string>();
  for (const path of fileList) {
    const reason = reasons.get(path);
    const [parent] = [...(reason?.parents ?? [])].sort();
    const type = reason?.type.includes("asset") === true ? "named" : reason?.type.includes("sharedlib") === true ? "library" : "imported";
    found.set(join("/", path), parent === undefined ? "an entry" : `${type} by ${place(parent)}`);
  }
  return found;
}
