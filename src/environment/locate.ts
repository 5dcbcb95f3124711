import { EnvpackError } from "../support/errors.js";
import type { Notice } from "../support/progress.js";
import { findRuntime } from "./prefixes/find-runtime.js";

/** The three ways of naming an environment, of which one is used. */
export interface EnvironmentName {
  readonly path?: string;
  readonly prefix?: string;
  readonly runtimeName?: string;
}

/** Turns what the user named into a folder; by default the current one. */
export function locateEnvironment(name: EnvironmentName): { path: string; kind?: "prefix"; notices: readonly Notice[] } {
  const { path, prefix, runtimeName } = name;
  if ([path, prefix, runtimeName].filter((one) => one !== undefined).length > 1) {
    throw new EnvpackError("USAGE", "a path, a prefix and a runtime's name exclude each other", {
      hint: "give a PATH, or -p PREFIX, or -n NAME",
    });
  }
  if (runtimeName !== undefined) {
    const found = findRuntime(runtimeName);
    return { path: found.prefix, kind: "prefix", notices: found.notices };
  }
  return prefix === undefined ? { path: path ?? ".", notices: [] } : { path: prefix, kind: "prefix", notices: [] };
}
