import { delimiter } from "node:path";

/**
 * What keeps an environment in this folder from being activated; null where nothing does. PATH has no way to
 * hold its own delimiter: what stands behind it would be another folder. NODE_OPTIONS takes any path, in quotes.
 *
 * @param folder absolute
 */
export function pathTrouble(folder: string): { readonly message: string; readonly hint: string } | null {
  if (!folder.includes(delimiter)) return null;
  return {
    message: `the environment cannot be activated here: PATH cannot hold a folder with "${delimiter}" in its path`,
    hint: `move it to a folder without "${delimiter}" in its path`,
  };
}
