import { chownSync, lstatSync } from "node:fs";

/**
 * Makes a copy this process's own. Node's copyFile gives what root copies the owner of the original since libuv 1.49
 * (Node 22), so that its owner could change it.
 *
 * @param path of a file that this process just made
 */
export function takeOwner(path: string): void {
  const [user, group] = [process.geteuid?.(), process.getegid?.()];
  if (user === undefined || group === undefined) return;
  const { uid } = lstatSync(path);
  if (uid !== user) chownSync(path, user, group);
}
