import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import type { CommandLine } from "./command-line.js";
import { inheritedDescriptors } from "./descriptors.js";

/** How a command ended: one of the two is null. */
export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface StartOptions {
  /** Whether a terminal sends Ctrl-C and its like to the command by itself, so that they are not to be passed on. */
  readonly onTerminal: boolean;
  /** Ends the command by SIGTERM. */
  readonly signal: AbortSignal | undefined;
}

/** Every signal that can be caught and that others send; real-time signals have no names here. */
const FORWARDED = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGUSR1",
  "SIGUSR2",
  "SIGPIPE",
  "SIGALRM",
  "SIGTERM",
  "SIGCONT",
  "SIGTSTP",
  "SIGTTIN",
  "SIGTTOU",
  "SIGURG",
  "SIGXCPU",
  "SIGXFSZ",
  "SIGVTALRM",
  "SIGPROF",
  "SIGWINCH",
  "SIGIO",
  "SIGPWR",
  "SIGINFO",
] as const satisfies readonly NodeJS.Signals[];

/** What a terminal sends to all processes that run in front. A second Ctrl-C makes many programs quit hard. */
const OF_TERMINALS = new Set<NodeJS.Signals>(["SIGINT", "SIGQUIT", "SIGWINCH", "SIGTSTP", "SIGTTIN", "SIGTTOU"]);
const STOPPING = new Set<NodeJS.Signals>(["SIGTSTP", "SIGTTIN", "SIGTTOU"]);

/**
 * Starts a command as a child that stands for this process: it gets the standard streams and every other
 * descriptor that this process was started with, and each signal that comes meanwhile.
 *
 * @throws system errors where it does not start
 */
export async function startCommand(line: CommandLine, { onTerminal, signal }: StartOptions): Promise<Ended> {
  const stdio = await inheritAll();
  const [file, args] = forActivatedSockets(line);
  const child = spawn(file, args, { cwd: line.cwd, env: line.env, stdio });
  const release = forwardSignals(child, onTerminal);
  const stop = (): void => void child.kill("SIGTERM");
  signal?.addEventListener("abort", stop);
  if (signal?.aborted === true) stop();
  try {
    return await new Promise((settle, fail) => {
      child.once("error", fail);
      child.once("exit", (status, by) => settle({ status, signal: by }));
    });
  } finally {
    signal?.removeEventListener("abort", stop);
    release();
  }
}

async function inheritAll(): Promise<StdioOptions> {
  const more = await inheritedDescriptors();
  const last = Math.max(2, ...more);
  return Array.from({ length: last + 1 }, (_, fd) => (fd < 3 ? "inherit" : more.includes(fd) ? fd : "ignore"));
}

/** systemd's sockets are for the process whose id LISTEN_PID holds (sd_listen_fds(3)): a shell writes the command's there. */
function forActivatedSockets({ file, args, env }: CommandLine): [string, string[]] {
  if (env.LISTEN_PID !== String(process.pid)) return [file, [...args]];
  return ["/bin/sh", ["-c", 'LISTEN_PID=$$; export LISTEN_PID; exec "$@"', "sh", file, ...args]];
}

function forwardSignals(child: ChildProcess, onTerminal: boolean): () => void {
  const forward = (signal: NodeJS.Signals): void => {
    if (!onTerminal || !OF_TERMINALS.has(signal)) child.kill(signal);
    // The shell that waits for this process is to see it stop, too.
    if (STOPPING.has(signal)) process.kill(process.pid, "SIGSTOP");
  };
  const caught = FORWARDED.filter((signal) => catchSignal(signal, forward));
  return () => caught.forEach((signal) => process.off(signal, forward));
}

/** Systems have each their own signals. */
function catchSignal(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): boolean {
  try {
    process.on(signal, listener);
    return true;
  } catch {
    return false;
  }
}
