import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/** envpack's folder in the user's cache: `$XDG_CACHE_HOME/envpack`, or `~/.cache/envpack`. */
export function userCache(): string {
  const base = process.env.XDG_CACHE_HOME;
  // The XDG base directory specification: a relative path is to be ignored.
  const cache = base !== undefined && isAbsolute(base) ? base : join(homedir(), ".cache");
  return join(cache, "envpack");
}
