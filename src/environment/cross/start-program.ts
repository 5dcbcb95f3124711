import { spawn, type ChildProcess } from "node:child_process";
import { ON_WINDOWS } from "../../support/this-machine.js";

/** Bytes of what a program says, of which the last lines count. */
const OUTPUT_LIMIT = 64 << 20;

/** Milliseconds that a program has to end when it is told to. */
const PATIENCE = 2000;

export type Start = readonly [command: string, ...first: string[]];

/** What is thrown where a program fails or cannot be started. */
export type Failure = NodeJS.ErrnoException & { readonly stdout?: string; readonly stderr?: string };

/**
 * Starts a program and ends it, with all that it started, once nobody holds the other end of its input any more: that is
 * so when envpack was killed and could end nothing itself. It is the first of a group of processes for that.
 */
const WATCHER = `
const { spawn } = require("node:child_process");
const child = spawn(process.argv[1], process.argv.slice(2), { stdio: ["ignore", "inherit", "inherit"] });
let ending = false;
const end = () => {
  if (ending) return;
  ending = true;
  process.kill(0, "SIGTERM");
  setTimeout(() => process.kill(0, "SIGKILL"), ${PATIENCE});
};
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, end);
process.stdin.on("end", end).on("error", end).resume();
child.on("error", (error) => {
  process.stderr.write("\\0" + error.code + "\\0");
  process.exitCode = 127;
  process.stdin.destroy();
});
child.on("exit", (code) => (ending ? process.kill(0, "SIGKILL") : process.exit(code ?? 1)));
`;

/** How the watcher says that there is no such program. */
const NOT_STARTED = /\0([A-Z0-9_]+)\0$/;

export interface StartOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  /** What it writes where it failed and says that all went well; absent: it tells the truth. */
  readonly fails?: RegExp;
}

/**
 * Runs a program to its end, without input; returns what it wrote. It has ended when this is done, also where that was
 * because of the signal; and where envpack is killed it ends as well (on Windows it goes on).
 *
 * @throws Failure with what it wrote; `code` is ENOENT where there is no such program
 */
export async function startProgram(start: Start, args: readonly string[], options: StartOptions): Promise<string> {
  const { cwd, env, signal, fails } = options;
  const words = [...start, ...args];
  const [command = "", ...rest] = ON_WINDOWS ? words : [process.execPath, "-e", WATCHER, "--", ...words];
  const child = spawn(command, rest, { cwd, env, stdio: "pipe", windowsHide: true, detached: !ON_WINDOWS });
  const stop = (): void => void child.kill("SIGTERM");
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted === true) stop();
  try {
    const { code, stdout, stderr } = await outcomeOf(child);
    if (code === 0 && signal?.aborted !== true && fails?.test(stderr) !== true) return stdout;
    const failure = new Error(`${words.join(" ").slice(0, 1000)} failed`);
    throw Object.assign(failure, { code: NOT_STARTED.exec(stderr)?.[1] ?? "FAILED", stdout, stderr: stderr.replace(NOT_STARTED, "") });
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

async function outcomeOf(child: ChildProcess): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  // A program that ends at once closes its input, which is no failure of its own.
  child.stdin?.on("error", () => undefined);
  const code = await new Promise<number | null>((settle, fail) => {
    child.on("error", fail).on("close", settle);
  });
  return { code, stdout: stdout(), stderr: stderr() };
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream?.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= OUTPUT_LIMIT) chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString("utf8");
}

/** The line that tells most: the first that calls itself an error. */
export function lastWords(said: string): string {
  // Colours, and what else steers a terminal.
  const lines = said
    .replace(/\x1b\[[0-9;]*[A-Za-z]/g, "")
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const line =
    lines.find((one) => /\b(npm error (?!code)|ERR_|YN00(?!00)\d\d|error:)|\b(ERR!|warn) /i.test(one)) ?? lines.at(-1) ?? "it said nothing";
  return line
    .replace(/^(npm error|error:|\u27a4)\s*/i, "")
    .replace(/(?<![.\s])[.\s]+$/, "")
    .slice(0, 300);
}
