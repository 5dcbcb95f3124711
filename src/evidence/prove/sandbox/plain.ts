import { join } from "node:path";
import type { InsideCommand, Line, View } from "./sandbox.js";

/** The variable by which the processes of a command are found again. */
export const MARK = "ENVPACK_PROOF";

/** A command on this machine itself: with variables of its own, and as another user where that can be. */
export function wrapPlainly(
  { conditions, work }: View,
  { words: [program = "", ...args], cwd, env }: InsideCommand,
  ids: Line["ids"],
): Line {
  const mark = `${process.pid}-${Math.random().toString(36).slice(2)}`;
  // The homes of the sandboxes are none of this machine's.
  const home: Record<string, string> =
    conditions.home === null ? {} : { HOME: conditions.homeExists ? join(work, "home") : "/nonexistent" };
  return { file: program, args, env: { ...env, ...home, [MARK]: mark }, cwd, ids, mark };
}
