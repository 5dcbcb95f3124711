import { chmodSync, constants, copyFileSync, mkdirSync, readdirSync, readlinkSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";

/** What the owner needs to fill a folder, and to remove it. */
const OWNER = 0o700;

/** Copies a folder with all that is in it and with the modes of files and folders; links stay what they are. Sockets and their like are left out. */
export function copyWhole(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const item of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, item.name), join(to, item.name)];
    if (item.isDirectory()) copyWhole(source, target);
    else if (item.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else if (item.isFile()) copyFileSync(source, target, constants.COPYFILE_FICLONE);
  }
  chmodSync(to, (statSync(from).mode & 0o777) | OWNER);
}
