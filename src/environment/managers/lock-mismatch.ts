import { EnvpackError } from "../../errors.js";

/** How many packages a message names before it counts the rest. */
const NAMED = 5;

/** What is installed is not what the lockfile names; `faults` tells how, a few words a package. */
export function lockMismatch(root: string, file: string, faults: readonly string[], install: string): EnvpackError {
  const more = faults.length > NAMED ? ` and ${faults.length - NAMED} more` : "";
  return new EnvpackError("LOCK_MISMATCH", `node_modules is not what ${file} says: ${faults.slice(0, NAMED).join(", ")}${more}`, {
    path: root,
    hint: `install what the lockfile says with \`${install}\``,
  });
}
