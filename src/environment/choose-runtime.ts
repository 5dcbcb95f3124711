import { existsSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { CacheUses } from "../cache/uses.js";
import { EnvpackError, explainError } from "../support/errors.js";
import type { ProgressListener } from "../support/progress.js";
import type { TargetPlatform } from "./cross/triple.js";
import { fetchRuntime } from "./registry-runtime.js";
import { readRuntimeFacts } from "./runtime-facts.js";
import type { Runtime } from "./runtime.js";

/** Tools that node's own releases bring along. */
const TOOLS = ["npm", "corepack"];

export interface RuntimeChoice {
  /** "current", "none", a path, or a version, range or release line ("22", "^20.19", "lts"). */
  readonly node: string;
  /** The environment's folder: npm is run there, so that the project's own registry is asked. */
  readonly folder: string;
  /** A folder of shared libraries that go in too: a runtime beside them may need them. */
  readonly libraries?: string;
  /** Whether npm and its commands come along; by default they do. */
  readonly withNpm?: boolean;
  /** Marks what is used of envpack's cache until the packing is over; by default until this process ends. */
  readonly uses?: CacheUses;
  /** The platform of a version from the registry; by default this machine's. */
  readonly target?: TargetPlatform;
  readonly signal?: AbortSignal;
  readonly onProgress?: ProgressListener;
}

/**
 * Finds the runtime that goes in: the one that runs envpack, one on this machine, or one from the
 * registry. Null for "none".
 */
export async function chooseRuntime(choice: RuntimeChoice): Promise<Runtime | null> {
  const { node, withNpm, signal } = choice;
  if (node === "none") return null;
  const runtime = await findRuntime(choice, signal);
  return withNpm === false ? { ...runtime, tools: new Map([...runtime.tools].filter(([name]) => name !== "npm")) } : runtime;
}

async function findRuntime({ node, uses = new CacheUses(), ...choice }: RuntimeChoice, signal: AbortSignal | undefined): Promise<Runtime> {
  if (node === "current") return readRuntime(process.execPath, "current", signal);
  if (looksLikePath(node)) return readRuntime(findBinary(resolve(node)), "path", signal, choice.libraries);
  return fetchRuntime(node, { ...choice, uses });
}

/** A version never holds a separator; a name without one is a path only where something is there. */
function looksLikePath(node: string): boolean {
  return /[/\\]/.test(node) || node === "." || node === ".." || (!/^v?\d/.test(node) && existsSync(node));
}

/** The binary that a path stands for: itself, or `bin/node` (`node.exe`) of the prefix that it names. */
function findBinary(path: string): string {
  try {
    if (!statSync(path).isDirectory()) return path;
  } catch (error) {
    throw new EnvpackError("RUNTIME_NOT_FOUND", "there is no node at this path", {
      path,
      hint: "name a node binary, the folder it is installed in, or a version such as `--node 22`",
      cause: error,
    });
  }
  const names = ["bin/node", "node.exe", "node"];
  const found = names.map((name) => join(path, name)).find((file) => existsSync(file));
  if (found !== undefined) return found;
  throw new EnvpackError("RUNTIME_NOT_FOUND", "this folder holds no bin/node", {
    path,
    hint: "name a node binary, or the folder that holds bin/ and lib/",
  });
}

async function readRuntime(
  binary: string,
  origin: Runtime["origin"],
  signal: AbortSignal | undefined,
  libraries?: string,
): Promise<Runtime> {
  const { execPath, ...facts } = await readRuntimeFacts(binary, signal, libraries);
  const real = realPath(execPath);
  return { ...facts, binary: real, tools: findTools(real), origin };
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    throw explainError(error, "cannot find the runtime", path);
  }
}

/** npm and corepack of the binary's own prefix; on Windows they lie beside it. */
function findTools(binary: string): Map<string, string> {
  const folders = [join(dirname(dirname(binary)), "lib", "node_modules"), join(dirname(binary), "node_modules")];
  const tools = new Map<string, string>();
  for (const name of TOOLS) {
    const folder = folders.map((base) => join(base, name)).find((path) => existsSync(join(path, "package.json")));
    if (folder !== undefined) tools.set(name, realpathSync(folder));
  }
  return tools;
}
