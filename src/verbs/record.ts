import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { constants } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { makeScratch } from "../cache/scratch.js";
import { readEnvironment } from "../environment/read.js";
import { EnvpackError, explainError } from "../support/errors.js";
import type { CommonOptions } from "../support/options.js";
import { describeRecorded } from "../plan/trace/recorded-environment.js";
import { encodeRecord, RECORD_VERSION } from "../plan/trace/record-file.js";
import { TouchedFiles } from "../plan/trace/touched-files.js";
import { writeWhole } from "../engine/sinks/output.js";
import { startCommand } from "./run/start.js";

export interface RecordOptions extends CommonOptions {
  /** The project's folder; by default the current one. */
  readonly path?: string;
  /** The command and its arguments. It is started in the current folder. */
  readonly command: readonly string[];
  /** Where the record goes. */
  readonly output: string;
  /** Looks by strace(1) as well, at programs that are not Node.js too. */
  readonly strace?: boolean;
  /** Replaces a file that is there. */
  readonly force?: boolean;
  /** The environment variables to start from; by default this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** Whether a terminal sends Ctrl-C to the command by itself. */
  readonly onTerminal?: boolean;
  /** Called when the command is about to start: signals are the command's from then on. */
  readonly onStart?: () => void;
}

export interface RecordResult {
  /** As a shell tells it. */
  readonly status: number;
  readonly signal: NodeJS.Signals | null;
  /** Absolute. */
  readonly output: string;
  /** How many of the environment's files and folders were touched. */
  readonly files: number;
}

const RECORDER = fileURLToPath(new URL("../plan/trace/recorder/recorder.cjs", import.meta.url));
const CALLS = "openat,open,execve,newfstatat,statx,stat,lstat,readlink,readlinkat,access,faccessat,faccessat2";

/** Runs a command, and writes down which files of the environment it resolved, asked about, opened and started. */
export async function record(options: RecordOptions): Promise<RecordResult> {
  const output = resolve(options.output);
  if (options.command.length === 0)
    throw new EnvpackError("USAGE", "no command was named", { hint: "`envpack record -o FILE -- COMMAND`" });
  if (existsSync(output) && options.force !== true)
    throw new EnvpackError("OUTPUT_EXISTS", "the record is there already", { path: output, hint: "--force replaces it" });
  const environment = await readEnvironment(options.path ?? ".", { node: "none", ignoreLock: true, signal: options.signal });
  if (environment.kind !== "project")
    throw new EnvpackError("USAGE", "only runs of projects are recorded", {
      path: environment.root,
      hint: "name a folder with a package.json",
    });
  const roots = [environment.root, ...(environment.outside ?? []).map(({ folder }) => folder)];
  const scratch = await makeScratch();
  try {
    const hooks = join(scratch.path, "hooks");
    await mkdir(hooks);
    const trace = join(scratch.path, "strace");
    const line = lineOf(options, { hooks, trace, roots: [...new Set([...roots, environment.namedRoot])] });
    options.onStart?.();
    const ended = await startCommand(line, { onTerminal: options.onTerminal ?? false, signal: options.signal }).catch((error: unknown) => {
      throw explainStart(error, line.file);
    });
    const touched = new TouchedFiles(roots);
    touched.readHooks(hooks);
    const straced = existsSync(trace);
    if (straced) touched.readStrace(trace);
    const files = touched.finish();
    const by = straced ? (["hooks", "strace"] as const) : (["hooks"] as const);
    const text = encodeRecord({ envpackRecord: RECORD_VERSION, environment: describeRecorded(environment), by, files });
    await writeWhole(output, Buffer.from(text), options.force === true);
    const { status, signal } = ended;
    return { status: status ?? 128 + (signal === null ? 0 : constants.signals[signal]), signal, output, files: files.length };
  } finally {
    await scratch.remove();
  }
}

function lineOf(
  { command: [file = "", ...args], env = process.env, strace }: RecordOptions,
  { hooks, trace, roots }: { readonly hooks: string; readonly trace: string; readonly roots: readonly string[] },
): Parameters<typeof startCommand>[0] {
  const require = `--require ${JSON.stringify(RECORDER)}`;
  const NODE_OPTIONS = env.NODE_OPTIONS === undefined || env.NODE_OPTIONS === "" ? require : `${env.NODE_OPTIONS} ${require}`;
  const full = { ...env, NODE_OPTIONS, ENVPACK_RECORD: hooks, ENVPACK_RECORD_ROOTS: roots.join("\n") };
  const words = ["-f", "-y", "-qq", "-s", "4096", "-e", `trace=${CALLS}`, "-o", trace, "--", file, ...args];
  return strace === true ? { file: "strace", args: words, env: full, cwd: undefined } : { file, args, env: full, cwd: undefined };
}

function explainStart(error: unknown, file: string): unknown {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") return explainError(error, "cannot start", file);
  const hint = file === "strace" ? "install it, or leave --strace away" : "name a program on PATH, or its path";
  return new EnvpackError("COMMAND_FAILED", "no such command", { path: file, hint, cause: error });
}
