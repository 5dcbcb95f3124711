import { plainCount } from "./plain-count.js";
import type { Ended } from "../start-limited.js";

/** How a command ended, in a few words. */
export function endedText({ status, signal, exceeded, error, seconds }: Ended): string {
  if (error !== null) return `did not start: ${error}`;
  if (exceeded === "time") return `did not end within ${plainCount(seconds)} s, and was killed`;
  if (exceeded === "processes") return "started ever more processes, and was killed with all of them";
  if (exceeded === "memory") return "took more memory than the worker has, and was killed";
  if (exceeded === "output") return "wrote without an end, and was killed";
  if (status === null) return `was ended by ${signal ?? "a signal"}`;
  return status === 0 ? "ended with status 0" : `ended with status ${status}${signalOf(status)}`;
}

/** Sandboxes tell a signal as a status. */
function signalOf(status: number): string {
  const names = new Map([
    [132, "SIGILL"],
    [134, "SIGABRT"],
    [135, "SIGBUS"],
    [136, "SIGFPE"],
    [137, "SIGKILL"],
    [139, "SIGSEGV"],
  ]);
  const name = names.get(status);
  return name === undefined ? "" : ` (${name})`;
}

/** All that a command printed, and why it did not start: what a reason is looked for in. */
export function printedBy({ stderr, stdout, error }: Pick<Ended, "stderr" | "stdout" | "error">): string {
  return `${stderr}\n${stdout}\n${error ?? ""}`;
}

/** The last line that says something, for those failures of which no reason is known. */
export function lastLine({ stderr, stdout }: Pick<Ended, "stderr" | "stdout">): string | null {
  const lines = `${stdout}\n${stderr}`
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^(at |Node\.js v|\^|[{}\]]|throw )/.test(line));
  const error = lines.filter((line) => /error|cannot|fail|not found/i.test(line)).at(-1);
  return (error ?? lines.at(-1))?.slice(0, 200) ?? null;
}
