import { readFile, readlink, stat } from "node:fs/promises";
import { hostname } from "node:os";

/** Who holds something: enough to tell a live process from a dead one whose number another got. */
export interface Holder {
  readonly pid: number;
  /** When the process started, in clock ticks since boot; null where the system does not say. */
  readonly started?: string | null;
  /** Tells one boot of one machine, and one container's process numbers, from all others; begins with the host's name. */
  readonly machine: string;
  /** Makes every record's content unique. */
  readonly token: string;
}

/** This process as a holder. */
export async function describeSelf(token: string): Promise<Holder> {
  return { pid: process.pid, started: await readStart(process.pid), machine: await readMachine(), token };
}

export async function readMachine(): Promise<string> {
  const boot = await readOr("/proc/sys/kernel/random/boot_id", "");
  const processes = await readlink("/proc/self/ns/pid").catch(() => "");
  return [hostname(), boot.trim(), processes].join(" ");
}

/** A record of a holder; null where the text is none. */
export function parseHolder(content: string): Holder | null {
  try {
    const value = JSON.parse(content) as Partial<Holder> | null;
    return Number.isSafeInteger(value?.pid) && typeof value?.machine === "string" ? (value as Holder) : null;
  } catch {
    return null;
  }
}

/**
 * Whether the process that a record of this machine names is still there, and is the one that wrote it: it
 * started when the record says, and runs for the owner of the record or for root. Null where the system does
 * not let this user look.
 *
 * @param owner the user id that owns the record; null where the system has none
 */
export async function isRunning({ pid, started }: Holder, owner: number | null): Promise<boolean | null> {
  if (pid <= 0 || !processExists(pid)) return false;
  const found = await readStart(pid);
  // Other users' processes may be hidden (proc(5), hidepid); a system without /proc tells nobody.
  if (found === null) return started === null || started === undefined ? true : null;
  if (found !== started) return false;
  const user = await stat(`/proc/${pid}`).then(
    ({ uid }) => uid,
    () => null,
  );
  return owner === null || user === null || user === owner || user === 0;
}

/** How messages name a holder: "process 4711 of user 1000", with the host where that is another. */
export function nameHolder({ pid, machine }: Holder, owner: number | null): string {
  const host = machine.split(" ")[0] ?? "";
  const user = owner === null ? "" : ` of user ${owner}`;
  return `process ${pid}${user}${host === hostname() || !/^[\w.-]{1,64}$/.test(host) ? "" : ` on ${host}`}`;
}

/** Field 22 of /proc/PID/stat (proc(5)); the command's name before it may hold anything but ends in ")". */
async function readStart(pid: number): Promise<string | null> {
  const content = await readOr(`/proc/${pid}/stat`, "");
  return content.slice(content.lastIndexOf(")") + 2).split(" ")[19] ?? null;
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function readOr(path: string, otherwise: string): Promise<string> {
  return readFile(path, "utf8").catch(() => otherwise);
}
