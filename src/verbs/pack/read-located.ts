import { relative, resolve } from "node:path";
import type { CacheUses } from "../../cache/uses.js";
import type { TargetPlatform } from "../../environment/cross/triple.js";
import type { Environment } from "../../environment/environment.js";
import type { locateEnvironment } from "../../environment/locate.js";
import { readEnvironment } from "../../environment/read.js";
import type { Lister } from "../../listing/lister.js";
import { EnvpackError, explainError } from "../../support/errors.js";
import { omitsNpm } from "./notices.js";
import type { CommonOptions } from "../../support/options.js";

/** What of the options of `pack` decides how it is read. */
interface ReadingOptions extends CommonOptions {
  readonly node?: string;
  readonly omit?: readonly ("dev" | "npm")[];
  readonly links?: "bring" | "refuse";
  readonly ignoreLock?: boolean;
}

/** Reads the environment that was located. */
export async function readLocated(
  { path, kind }: ReturnType<typeof locateEnvironment>,
  options: ReadingOptions,
  tools: { readonly lister: Lister; readonly uses: CacheUses; readonly platform?: TargetPlatform; readonly npmFolder?: string },
): Promise<Environment> {
  const { node, links, ignoreLock, signal, onProgress } = options;
  const omitDev = options.omit?.includes("dev");
  try {
    return await readEnvironment(path, {
      kind,
      node,
      withNpm: !omitsNpm(options),
      omitDev,
      links,
      ignoreLock,
      ...tools,
      signal,
      onProgress,
    });
  } catch (error) {
    throw asUnreadable(error, path);
  }
}

/** What may not be read in the environment has a code of its own; what may not be written elsewhere has not. */
function asUnreadable(thrown: unknown, root: string): unknown {
  const error = explainError(thrown, "cannot read the environment");
  if (!(error instanceof EnvpackError) || error.code !== "NO_PERMISSION" || error.path === undefined) return thrown;
  const inside = relative(resolve(root), error.path);
  if (inside.startsWith("..")) return thrown;
  return new EnvpackError("SOURCE_UNREADABLE", error.message, { path: error.path, hint: "make it readable for this user", cause: error });
}
