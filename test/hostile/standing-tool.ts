import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { has, type Outcome } from "../real/commands.js";

const SCRIPT = join(import.meta.dirname, "standing.mjs");

/** What may be told of a process before it starts: bytes of heap and open files. */
const LIMITS = ["--data=2000000000", "--nofile=256"];

/** Seconds of processor that one command line may take, and of the clock until a process is ended that does not answer. */
const PROCESSOR = 60;
const PATIENCE = 120;

/**
 * The built tool in one process that runs many command lines, as a user and under limits: to start a process for each takes ten times
 * what most of them do. What throws where nobody catches it, or takes for ever, ends the process, which is then told as by a signal.
 */
export class StandingTool {
  readonly #user: { readonly uid?: number; readonly gid?: number };
  #child: ChildProcess | null = null;

  constructor(user: { readonly uid?: number; readonly gid?: number } = {}) {
    this.#user = user;
  }

  run(words: readonly string[]): Promise<Outcome> {
    const child = (this.#child ??= this.#start());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE * 1000);
      let stray = "";
      // What comes past the tool's own streams: a warning of Node.js, or the trace of what nobody caught.
      const listen = (text: Buffer): void => void (stray += text.toString());
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        child.removeAllListeners();
        for (const stream of [child.stdout, child.stderr]) stream?.off("data", listen);
        settle();
      };
      for (const stream of [child.stdout, child.stderr]) stream?.on("data", listen);
      child.on("error", (error) => end(() => reject(error)));
      child.on("close", (status, signal) => {
        this.#child = null;
        end(() => resolve({ status, signal, stdout: "", stderr: stray }));
      });
      child.on("message", (told) => {
        const { seconds, ...outcome } = told as Pick<Outcome, "status" | "stdout" | "stderr"> & { readonly seconds: number };
        const signal = seconds > PROCESSOR ? "SIGXCPU" : null;
        end(() => resolve({ ...outcome, stderr: outcome.stderr + stray, signal }));
      });
      child.send([...words]);
    });
  }

  /** @throws Error where what ran last threw after it had answered */
  async stop(): Promise<void> {
    if (this.#child === null) return;
    const { status, stderr } = await this.run(["--version"]);
    this.#child?.removeAllListeners();
    this.#child?.kill("SIGKILL");
    this.#child = null;
    if (status !== 0 || stderr !== "") throw new Error(`something went wrong after the last command line had answered: ${stderr}`);
  }

  #start(): ChildProcess {
    const command = [process.execPath, SCRIPT];
    const [program = "", ...rest] = has("prlimit") ? ["prlimit", ...LIMITS, "--", ...command] : command;
    const env = { ...process.env, HOME: "/nonexistent" };
    return spawn(program, rest, { ...this.#user, cwd: "/", env, stdio: ["ignore", "pipe", "pipe", "ipc"] });
  }
}
