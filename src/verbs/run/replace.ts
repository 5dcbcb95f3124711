import { basename } from "node:path";
import type { CommandLine } from "./command-line.js";
import { inheritedDescriptors } from "./descriptors.js";
import { findProgram, startsByItself } from "./find-program.js";
import { resettingEnv } from "./reset-signals.js";
import { ON_WINDOWS } from "../../support/this-machine.js";

/** process.execve, of Node 22.15 and 23.11 on. */
type Execve = (file: string, args: readonly string[], env: Record<string, string>) => never;

/** Bytes of words and variables that every system hands over: ARG_MAX is at least 128 KiB where stacks are small (execve(2)). */
const WORDS_MAX = 96 << 10;

/**
 * Puts a command into this process's place: its id, its terminal and all signals become the command's own.
 * Returns only where that cannot be: Node is too old, the command is not to be found or would not start, or there are
 * descriptors that Node would close on the way. What fails to start is told by whoever starts it as a child: up to
 * Node.js 25 the whole process is aborted where the kernel refuses.
 */
export async function replaceProcess(line: CommandLine): Promise<void> {
  const { execve } = process as { execve?: Execve };
  if (execve === undefined || line.cwd !== undefined || ON_WINDOWS) return;
  const file = await findProgram(line);
  if (file === null || !(await startsByItself(file)) || (await inheritedDescriptors()).length > 0) return;
  const env = Object.fromEntries(Object.entries(line.env).filter((entry): entry is [string, string] => entry[1] !== undefined));
  const words = [line.file, ...line.args];
  if (bytesOf([...words, ...Object.entries(env).flat()]) > WORDS_MAX) return;
  // Node ignores two signals, and what is ignored stays so in the command; another node does not mind.
  const reset = basename(file) === "node" ? null : await resettingEnv();
  // That it is experimental is nothing that users of a command can help.
  process.noDeprecation = true;
  process.removeAllListeners("warning");
  if (reset === null) execve.call(process, file, words, env);
  else execve.call(process, reset.program, [...reset.words, file, ...line.args], env);
}

/** As the kernel counts them: each with its end, the mark between name and value, and a pointer. */
function bytesOf(words: readonly string[]): number {
  return words.reduce((sum, word) => sum + Buffer.byteLength(word) + 9, 0);
}
