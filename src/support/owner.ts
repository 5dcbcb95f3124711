import type { Stats } from "node:fs";
import { EnvpackError } from "./errors.js";

/** Whether something belongs to this user; where the system knows no users, all does. */
export function belongsToUser({ uid }: Pick<Stats, "uid">): boolean {
  return process.geteuid === undefined || uid === process.geteuid();
}

/** Whether something belongs to this user or to root: nobody else can change it against their will. */
export function isTrusted({ uid }: Pick<Stats, "uid">): boolean {
  return uid === 0 || belongsToUser({ uid });
}

/**
 * Refuses what another user owns: its owner could replace what is put there, or what is read from there.
 *
 * @param what as the message names it, as "the target"
 * @throws EnvpackError TARGET_UNSUITABLE
 */
export function refuseForeignOwner(stats: Pick<Stats, "uid">, what: string, path: string, hint: string): void {
  if (isTrusted(stats)) return;
  throw new EnvpackError("TARGET_UNSUITABLE", `${what} belongs to another user (${stats.uid}), who may change it at any time`, {
    path,
    hint,
  });
}
