import { realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { EnvpackError, explainError } from "../errors.js";
import { chooseRuntime } from "./choose-runtime.js";
import type { Environment } from "./environment.js";
import { readProject } from "./kinds/project.js";
import { readOwnPackageJson } from "./package-json.js";

export interface ReadOptions {
  /** The runtime that goes in: "current", "none", a path, or a version. */
  readonly node: string;
  readonly signal?: AbortSignal;
}

/**
 * Reads what is installed in a folder. Nothing is changed there, and nothing is run but the runtime
 * (to tell its version) and, for a runtime from the registry, the user's npm.
 *
 * @param path the environment's folder, relative to the current one or absolute
 */
export async function readEnvironment(path: string, options: ReadOptions): Promise<Environment> {
  const namedRoot = resolve(path);
  try {
    const root = resolveFolder(namedRoot);
    const json = readOwnPackageJson(root);
    if (json === null) throw notAnEnvironment(namedRoot);
    const found = await readProject(root, json, options.signal);
    const runtime = await chooseRuntime({ node: options.node, folder: root, signal: options.signal });
    return Object.freeze({ ...found, namedRoot, runtime });
  } catch (error) {
    throw explainError(error, "cannot read the environment", namedRoot);
  }
}

function resolveFolder(path: string): string {
  try {
    const real = realpathSync(path);
    if (statSync(real).isDirectory()) return real;
  } catch (error) {
    throw explainError(error, "cannot read the environment", path);
  }
  throw new EnvpackError("NOT_AN_ENVIRONMENT", "this is a file, not the folder of a project", {
    path,
    hint: "name the folder that holds package.json",
  });
}

function notAnEnvironment(path: string): EnvpackError {
  return new EnvpackError("NOT_AN_ENVIRONMENT", "there is no package.json in this folder", {
    path,
    hint: "name the folder of a Node.js project",
  });
}
