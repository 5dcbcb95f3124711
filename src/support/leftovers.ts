import { randomBytes } from "node:crypto";
import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { describeSelf, isRunning } from "./holder.js";
import { sha256Of } from "./digest.js";
import { belongsToUser } from "./owner.js";

/** `PID-STARTED-MACHINE-RANDOM`: who makes it can be looked up as long as it is at work. */
const OWN = /^(\d+)-(\d+)-([0-9a-f]{16})-[0-9a-f]{8}$/;
/** Milliseconds without a change after which a file of another machine counts as left. */
const OLD = 86_400_000;

/** A new name for something that is there just while this process is at work. */
export async function workName(prefix: string): Promise<string> {
  const { pid, started, machine } = await describeSelf("");
  return `${prefix}${pid}-${started ?? 0}-${shorten(machine)}-${randomBytes(4).toString("hex")}`;
}

function shorten(machine: string): string {
  return sha256Of(machine).slice(0, 16);
}

/**
 * Removes what processes of this user's left in a folder under names of this prefix and were killed: their
 * processes are looked for. Another machine's cannot be; its files go when they are a day old, its folders never.
 * Litter that cannot be removed stays for the next.
 */
export async function clearLeftovers(folder: string, prefix: string): Promise<void> {
  const { machine } = await describeSelf("");
  for (const name of await readdir(folder).catch(() => [])) {
    const [, pid = "", started = "", host] = (name.startsWith(prefix) ? OWN.exec(name.slice(prefix.length)) : null) ?? [];
    if (host === undefined) continue;
    const path = join(folder, name);
    const stats = await lstat(path).catch(() => null);
    if (stats === null || !(stats.isFile() || stats.isDirectory()) || !belongsToUser(stats)) continue;
    const isLeft =
      host === shorten(machine)
        ? (await isRunning(
            { pid: Number(pid), started: started === "0" ? null : started, machine, token: "" },
            process.geteuid === undefined ? null : stats.uid,
          )) === false
        : stats.isFile() && Date.now() - stats.mtimeMs > OLD;
    if (isLeft) await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}
