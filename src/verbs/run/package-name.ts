import { EnvpackError } from "../../support/errors.js";

/** The names that npm allows today, and those of old packages with capitals: nothing in them leaves node_modules. */
const NAME = /^(?:@[A-Za-z0-9~-][\w.~-]*\/)?[A-Za-z0-9~_-][\w.~-]*$/;

/**
 * Makes sure that a name is one by which Node finds a package.
 *
 * @param path what bears the name
 */
export function checkName(name: unknown, path: string): string {
  if (typeof name === "string" && name.length <= 214 && NAME.test(name) && name !== "node_modules") return name;
  const shown = typeof name === "string" ? ` (${name})` : "";
  throw new EnvpackError("USAGE", `what was added has no name that a script could import${shown}`, {
    path,
    hint: "rename it, or give its package.json a name",
  });
}
