import { randomBytes } from "node:crypto";
import { constants, copyFile, link, open, readdir, readFile, readlink, rename, rm, stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { EnvpackError } from "./errors.js";

/** A lock that this process holds. */
export interface Lock {
  release(): Promise<void>;
}

/** Who holds a lock: enough to tell a live process from a dead one whose number another got. */
interface Holder {
  readonly pid: number;
  /** When the process started, in clock ticks since boot; null where the system does not say. */
  readonly started: string | null;
  /** Tells one boot of one machine, and one container's process numbers, from all others. */
  readonly machine: string;
  /** Makes every lock's content unique. */
  readonly token: string;
}

/** Milliseconds between the signs of life that a holder gives, for those who cannot look at its process. */
const HEARTBEAT = 15_000;
/** Milliseconds without a sign of life after which a holder elsewhere counts as dead. */
const SILENCE = 120_000;

async function readOr(path: string, otherwise: string): Promise<string> {
  return readFile(path, "utf8").catch(() => otherwise);
}

async function readMachine(): Promise<string> {
  const boot = await readOr("/proc/sys/kernel/random/boot_id", "");
  const processes = await readlink("/proc/self/ns/pid").catch(() => "");
  return [hostname(), boot.trim(), processes].join(" ");
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

function parseHolder(content: string): Holder | null {
  try {
    const value = JSON.parse(content) as Partial<Holder> | null;
    return Number.isSafeInteger(value?.pid) && typeof value?.machine === "string" ? (value as Holder) : null;
  } catch {
    return null;
  }
}

/** Whether who wrote this lock may still be at work. */
async function isAlive(content: string, path: string, machine: string): Promise<boolean> {
  const holder = parseHolder(content);
  if (holder !== null && holder.machine === machine) {
    return processExists(holder.pid) && (holder.started === null || (await readStart(holder.pid)) === holder.started);
  }
  // Another machine, container or boot: its processes cannot be seen, but it keeps touching its lock.
  const touched = await stat(path).then((stats) => stats.mtimeMs, () => 0);
  return Date.now() - touched < SILENCE;
}

/**
 * Takes the lock file at `path`, also from a dead process. The file appears with its content in one
 * step, so nobody ever reads half a holder.
 *
 * @param busy the message where another holds it
 * @param place what the lock is for, to be named then; by default the lock itself
 * @throws EnvpackError TARGET_BUSY
 */
export async function acquireLock(path: string, busy: string, place = path): Promise<Lock> {
  const machine = await readMachine();
  const token = randomBytes(8).toString("hex");
  const holder: Holder = { pid: process.pid, started: await readStart(process.pid), machine, token };
  const content = JSON.stringify(holder);
  const own = `${path}-${token}`;
  const file = await open(own, "wx", 0o644);
  await file.writeFile(content).finally(() => file.close());
  try {
    while (!(await tryLink(own, path))) {
      const held = await readLock(path);
      if (held === null) continue;
      if (await isAlive(held, path, machine)) throw new EnvpackError("TARGET_BUSY", busy, { path: place, hint: "wait for it to end, then try again" });
      await takeAway(path, held, `${own}-dead`);
    }
  } finally {
    await rm(own, { force: true });
  }
  await removeStrays(path, machine);
  return hold(path, content);
}

/**
 * Removes what processes left that were killed in the moment of taking this lock: at once where the file
 * tells whose it was, else when it is old. A lock put aside is still looked at by who put it there.
 */
async function removeStrays(path: string, machine: string): Promise<void> {
  const start = `${basename(path)}-`;
  for (const name of await readdir(dirname(path))) {
    const kind = name.startsWith(start) ? /^[0-9a-f]{16}(|-dead)$/.exec(name.slice(start.length)) : null;
    if (kind === null) continue;
    const stray = join(dirname(path), name);
    const content = kind[1] === "" ? await readOr(stray, "") : "";
    if (!(await isAlive(content, stray, machine))) await rm(stray, { force: true });
  }
}

/** Gives the file a second name unless that is taken; on a file system without hard links, a copy. */
async function tryLink(own: string, path: string): Promise<boolean> {
  try {
    await link(own, path).catch(async (error: NodeJS.ErrnoException) => {
      if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(error.code ?? "")) throw error;
      await copyFile(own, path, constants.COPYFILE_EXCL);
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** The lock's content, "" where it cannot be read; null where there is none any more. */
async function readLock(path: string): Promise<string | null> {
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? null : ""));
}

/** Removes a dead holder's lock; if another was faster and holds it now, its lock is put back. */
async function takeAway(path: string, dead: string, aside: string): Promise<void> {
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if ((await readOr(aside, "")) !== dead) await tryLink(aside, path);
  await rm(aside, { force: true });
}

function hold(path: string, content: string): Lock {
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, HEARTBEAT);
  heartbeat.unref();
  return {
    release: async () => {
      clearInterval(heartbeat);
      // Somebody who thought this process dead may have taken it: then it is theirs to remove.
      if ((await readOr(path, "")) === content) await rm(path, { force: true });
    },
  };
}
