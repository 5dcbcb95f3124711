import { execFile } from "node:child_process";
import { promisify } from "node:util";

const PROGRAM = "/usr/bin/env";
const WORDS = ["env", "--default-signal=PIPE,XFSZ"];

/** A program that gives a command the signals back that Node ignores (GNU coreutils 8.31 and later); null where there is none. */
export async function resettingEnv(): Promise<{ program: string; words: readonly string[] } | null> {
  try {
    await promisify(execFile)(PROGRAM, [...WORDS.slice(1), PROGRAM], { env: {} });
    return { program: PROGRAM, words: WORDS };
  } catch {
    return null;
  }
}
