import { isAbsolute, join } from "node:path";
import { homeFolder } from "./home.js";

/** envpack's folder in the user's cache, `$XDG_CACHE_HOME/envpack` or `~/.cache/envpack`; null for a user without a home. */
export function userCache(): string | null {
  const base = process.env.XDG_CACHE_HOME;
  // The XDG base directory specification: a relative path is to be ignored.
  if (base !== undefined && isAbsolute(base)) return join(base, "envpack");
  const home = homeFolder();
  return home === null ? null : join(home, ".cache", "envpack");
}
