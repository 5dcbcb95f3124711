import { randomBytes } from "node:crypto";
import { constants as flags } from "node:fs";
import { constants, copyFile, link, lstat, open, readdir, rename, rm, utimes } from "node:fs/promises";
import type { Stats } from "node:fs";
import { basename, dirname, join } from "node:path";
import { EnvpackError } from "./errors.js";
import { describeSelf, isRunning, nameHolder, parseHolder, readMachine } from "./holder.js";

/** A lock that this process holds. */
export interface Lock {
  release(): Promise<void>;
}

/** Milliseconds between the signs of life that a holder gives, for those who cannot look at its process. */
const HEARTBEAT = 15_000;
/** Milliseconds without a sign of life after which a holder elsewhere counts as dead, and nobody waits for one here. */
const SILENCE = 120_000;
/** Behind a lock's name: who holds that one may remove the lock of a dead process. */
const GATE = "-taking";
/** Behind a lock's name: what is beside it for the moment of taking it, and whether it is a dead one's; for a regular expression. */
const STRAY = `(?:${GATE})*-[0-9a-f]{16}(-dead)?`;
/** The end of a lock's name, from "lock" on, and of all that is beside it; for a regular expression. */
export const LOCK_ENDINGS = `lock(?:${STRAY}|(?:${GATE})*)`;
const IS_STRAY = new RegExp(`^${STRAY}$`);
/** Bytes of a lock that are read: no holder writes more. */
const LONGEST = 4096;

/** The time, and what is done from time to time. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls an action every so many milliseconds until what it returns is called; keeps no process from ending. */
  every(milliseconds: number, action: () => void): () => void;
}

const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  every: (milliseconds, action) => {
    const timer = setInterval(action, milliseconds);
    timer.unref();
    return () => {
      clearInterval(timer);
    };
  },
};

/** TARGET_BUSY: somebody else holds a lock. */
export class BusyError extends EnvpackError {
  /**
   * @param mayEnd whether the holder is at work, so that it makes sense to wait: it gives signs of life, and
   *   what it makes would be this user's own or root's
   */
  constructor(
    message: string,
    path: string,
    readonly mayEnd: boolean,
    hint = "wait for it to end, then try again",
  ) {
    super("TARGET_BUSY", message, { path, hint });
  }
}

/** What stands at a lock's place. */
interface Held {
  readonly content: string;
  readonly modified: number;
  /** Null where the system knows no users. */
  readonly owner: number | null;
}

/**
 * Takes the lock file at `path`, also from a dead process. The file appears with its content in one
 * step, so nobody ever reads half a holder.
 *
 * @param busy the message where another holds it
 * @param place what the lock is for, to be named then; by default the lock itself
 * @throws EnvpackError TARGET_BUSY (a BusyError) naming who holds it, TARGET_UNSUITABLE where something else stands there
 */
export async function acquireLock(path: string, busy: string, place = path, clock: Clock = SYSTEM_CLOCK): Promise<Lock> {
  const machine = await readMachine();
  return hold(path, await take(path, { busy, place, machine, clock }), machine, clock);
}

/** What a lock is taken for, as of `acquireLock`. */
interface Taking {
  readonly busy: string;
  readonly place: string;
  readonly machine: string;
  readonly clock: Clock;
}

/** Takes a lock, and gives what stands in it. */
async function take(path: string, taking: Taking): Promise<string> {
  const token = randomBytes(8).toString("hex");
  const content = JSON.stringify(await describeSelf(token));
  const own = `${path}-${token}`;
  try {
    await writeNew(own, content);
    while (!(await tryLink(own, path))) {
      const held = await readLock(path);
      if (held === null) continue;
      const { busy, place, clock } = taking;
      refuseForeign(held, path, busy, place);
      if (await isAlive(held, taking.machine, clock)) throw describeBusy(held, busy, place, clock);
      await takeOver(path, held.content, `${own}-dead`, taking);
    }
  } finally {
    await rm(own, { force: true });
  }
  return content;
}

/**
 * Removes a dead holder's lock. Of all who saw that it is dead only who holds a lock for this looks again and
 * removes it: what another took meanwhile would be removed else, and a third would take it beside that one.
 */
async function takeOver(path: string, dead: string, aside: string, taking: Taking): Promise<void> {
  const gate = `${path}${GATE}`;
  const content = await take(gate, taking);
  try {
    if ((await readLock(path))?.content === dead) await takeAway(path, dead, aside);
  } finally {
    await removeOwn(gate, content);
  }
}

/** Whether a living process holds the lock at `path`. */
export async function isHeld(path: string, clock: Clock = SYSTEM_CLOCK): Promise<boolean> {
  const held = await readLock(path).catch(() => null);
  return held !== null && isAlive(held, await readMachine(), clock);
}

async function writeNew(path: string, content: string): Promise<void> {
  const file = await open(path, "wx", 0o644);
  await file.writeFile(content).finally(() => file.close());
}

/** Whether who wrote this lock may still be at work. */
async function isAlive(held: Held, machine: string, clock: Clock): Promise<boolean> {
  const holder = parseHolder(held.content);
  const seen = holder?.machine === machine ? await isRunning(holder, held.owner) : null;
  // Another machine, container or boot: its processes cannot be seen, but it keeps touching its lock.
  return seen ?? givesSigns(held, clock);
}

/** A time in the future is no sign of life: it would be one for ever. */
function givesSigns({ modified }: Held, clock: Clock): boolean {
  return Math.abs(clock.now() - modified) < SILENCE;
}

function describeBusy(held: Held, busy: string, place: string, clock: Clock): BusyError {
  const holder = parseHolder(held.content);
  const who = holder === null ? "its lock says nothing of whom" : nameHolder(holder, held.owner);
  const signs = givesSigns(held, clock);
  return new BusyError(
    `${busy}: ${who}${signs ? "" : ", without a sign of life for two minutes"}`,
    place,
    signs,
    signs ? undefined : "look at that process, and end it",
  );
}

/** A lock is this user's own, or root's: another's could stand there for ever, and what its owner makes is not to be used. */
function refuseForeign({ owner, content }: Held, path: string, busy: string, place: string): void {
  const user = process.geteuid?.();
  if (owner === null || user === undefined || owner === user || owner === 0) return;
  const holder = parseHolder(content);
  const who = holder === null ? `user ${owner}` : nameHolder(holder, owner);
  throw new BusyError(
    `${busy}: ${who}, another user than you`,
    place,
    false,
    `name another folder; or remove ${path} where nobody is at work`,
  );
}

/**
 * Removes what processes left that were killed in the moment of taking this lock: at once where the file
 * tells whose it was, else when it is old. A lock put aside is still looked at by who put it there.
 */
async function removeStrays(path: string, machine: string, clock: Clock): Promise<void> {
  const start = basename(path);
  for (const name of await readdir(dirname(path))) {
    const kind = name.startsWith(start) ? IS_STRAY.exec(name.slice(start.length)) : null;
    if (kind === null) continue;
    const stray = join(dirname(path), name);
    const held = await readLock(stray).catch(() => null);
    if (held === null || !isOwn(held)) continue;
    if (!(await isAlive(kind[1] === undefined ? held : { ...held, content: "" }, machine, clock))) await rm(stray, { force: true });
  }
}

/** Of a process that was killed while it removed a dead one's lock. */
async function removeGate(path: string, machine: string, clock: Clock): Promise<void> {
  const gate = `${path}${GATE}`;
  if ((await readLock(gate)) === null) return;
  await removeOwn(gate, await take(gate, { busy: "", place: gate, machine, clock }));
}

function isOwn({ owner }: Held): boolean {
  return owner === null || owner === process.geteuid?.();
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

/**
 * What stands at a lock's place; null where there is nothing any more. Not through a link, and without
 * waiting for the other end of a pipe.
 *
 * @throws EnvpackError TARGET_UNSUITABLE where it is no plain file
 */
async function readLock(path: string): Promise<Held | null> {
  try {
    const before = await lstat(path);
    if (!before.isFile()) throw refuseKind(path, before);
    const content = await readStart(path);
    return { content, modified: before.mtimeMs, owner: process.geteuid === undefined ? null : before.uid };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** The beginning of a file; "" where it cannot be read, or became something else. */
async function readStart(path: string): Promise<string> {
  const file = await open(path, flags.O_RDONLY | (flags.O_NOFOLLOW ?? 0) | (flags.O_NONBLOCK ?? 0)).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") throw error;
      return null;
    },
  );
  if (file === null) return "";
  try {
    if (!(await file.stat()).isFile()) return "";
    const { buffer, bytesRead } = await file.read(Buffer.alloc(LONGEST), 0, LONGEST, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}

function refuseKind(path: string, stats: Stats): EnvpackError {
  const kind = stats.isDirectory() ? "a folder" : stats.isSymbolicLink() ? "a link" : stats.isFIFO() ? "a named pipe" : "a special file";
  return new EnvpackError("TARGET_UNSUITABLE", `${kind} stands where envpack's lock belongs`, {
    path,
    hint: "see who made it, and remove it",
  });
}

/** Removes a dead holder's lock; if another was faster and holds it now, its lock is put back. */
export async function takeAway(path: string, dead: string, aside: string): Promise<void> {
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const found = await readLock(aside).catch(() => null);
  if (found === null) return rename(aside, path);
  if (found.content !== dead) await tryLink(aside, path);
  await rm(aside, { force: true });
}

function hold(path: string, content: string, machine: string, clock: Clock): Lock {
  const stop = clock.every(HEARTBEAT, () => {
    const now = new Date(clock.now());
    utimes(path, now, now).catch(() => undefined);
  });
  return {
    release: async () => {
      stop();
      // They are litter and nothing more: who comes next tries again.
      await removeStrays(path, machine, clock).catch(() => undefined);
      await removeGate(path, machine, clock).catch(() => undefined);
      await removeOwn(path, content);
    },
  };
}

/** Somebody who thought this process dead may have taken its lock: then it is theirs to remove. */
async function removeOwn(path: string, content: string): Promise<void> {
  if ((await readLock(path).catch(() => null))?.content === content) await rm(path, { force: true });
}
