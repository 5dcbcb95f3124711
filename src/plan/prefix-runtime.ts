import { relative, sep } from "node:path";
import type { Environment } from "../environment/environment.js";
import { planBinary, planRuntime } from "./runtime-entries.js";
import type { WalkResult } from "./walk-result.js";

const NOTHING: WalkResult = { entries: [], leftOut: [], includedSecrets: [], inodes: new Map() };

/**
 * The environment's entries with those of the runtime. A prefix may have a node and npm of its own: that node
 * is not planned twice, another one takes its place, and npm comes along only where the prefix has none.
 *
 * @param own what the walk of the environment's folder found
 */
export async function withRuntime(
  environment: Environment,
  own: WalkResult,
  signal: AbortSignal | undefined,
): Promise<readonly WalkResult[]> {
  const { kind, runtime, programs = [] } = environment;
  if (kind === "project") return runtime === null ? [own] : [own, ...(await planRuntime(environment, runtime, signal))];
  const brought = { ...NOTHING, entries: [...programs].map(([name, file]) => planBinary(`bin/${name}`, file)) };
  if (runtime !== null && isBelow(environment.root, runtime.binary)) return [own, brought];
  const beside = { ...own, entries: own.entries.filter(({ path }) => path !== "bin/node") };
  if (runtime === null) return [beside, brought];
  const present = new Set(own.entries.map(({ path }) => path));
  const tools = new Map([...runtime.tools].filter(([name]) => !present.has(`lib/node_modules/${name}`)));
  return [beside, brought, ...(await planRuntime(environment, { ...runtime, tools }, signal))];
}

function isBelow(root: string, file: string): boolean {
  const path = relative(root, file);
  return path !== ".." && !path.startsWith(`..${sep}`);
}
