import { statSync } from "node:fs";
import type { PlannedEntry } from "../archive/entry.js";
import type { Environment } from "../environment/environment.js";
import type { Runtime } from "../environment/runtime.js";
import { explainError } from "../support/errors.js";
import { Selection } from "./selection.js";
import { walkEnvironment } from "./walk.js";
import type { WalkResult } from "./walk-result.js";

/** The runtime's own entries: `bin/node`, and its tools below `lib/node_modules`. */
export async function planRuntime(
  environment: Environment,
  runtime: Runtime,
  signal: AbortSignal | undefined,
): Promise<readonly WalkResult[]> {
  const name = runtime.os === "win32" ? "bin/node.exe" : "bin/node";
  const results: WalkResult[] = [{ entries: [planBinary(name, runtime.binary)], leftOut: [], includedSecrets: [], inodes: new Map() }];
  for (const [tool, root] of runtime.tools) {
    // The user's rules are about the environment; secrets and caches stay behind here as well.
    const own = { ...environment, root, namedRoot: root, packages: [] };
    const selection = new Selection(own, { rules: [], omitDev: false, includeSecrets: [], output: null });
    results.push(await walkEnvironment({ root, arcpath: `lib/node_modules/${tool}`, selection, signal }));
  }
  return results;
}

/** A program that goes in under another path than its own. */
export function planBinary(path: string, file: string): PlannedEntry {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = statSync(file);
    const source = { kind: "disk", file, identity: { dev, ino, size, mtimeMs, ctimeMs } } as const;
    return { type: "file", path, executable: true, size, source };
  } catch (error) {
    throw explainError(error, "cannot read the runtime", file);
  }
}
