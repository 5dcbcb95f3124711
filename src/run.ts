import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, realpath, rm, stat } from "node:fs/promises";
import { tmpdir, constants } from "node:os";
import { extname, join, resolve } from "node:path";
import { EnvpackError, explainError } from "./errors.js";
import { activationEnv } from "./onboard/activation.js";
import { ADDED, HOOK } from "./onboard/layout.js";
import type { CommonOptions } from "./options.js";
import { makeOverlay } from "./overlay/overlay.js";
import { isFolder, openPacked, unsignedFolder } from "./packed.js";
import { readSignatureRule, type SignatureOptions } from "./signatures.js";
import { unpack } from "./unpack.js";

export interface RunOptions extends CommonOptions, SignatureOptions {
  /** A restored environment, or an archive, which is restored to a temporary folder for this run. */
  readonly path: string;
  /** A command of the environment, a program, or a script, which the environment's node runs. */
  readonly command: string;
  readonly args?: readonly string[];
  /**
   * Files, folders and npm tarballs that are put in front for this run: scripts import a folder or a .tgz by its
   * package's name, a single file by its own name, with or without the ending. The environment's own packages do not see them.
   */
  readonly add?: readonly string[];
  /** The environment variables to start from; by default this process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** By default the current folder. */
  readonly cwd?: string;
  /** Whether a terminal sends Ctrl-C to the command by itself, so that it is not to be passed on. */
  readonly onTerminal?: boolean;
}

export interface RunResult {
  /** As a shell tells it: 128 + the signal's number where a signal ended the command. */
  readonly status: number;
  readonly signal: NodeJS.Signals | null;
}

const SCRIPTS = new Set([".js", ".mjs", ".cjs", ".ts", ".mts", ".cts"]);
const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Activates an environment and executes a command in it, with this process's standard streams. */
export async function run(options: RunOptions): Promise<RunResult> {
  const path = resolve(options.path);
  const { verifyKeys, signature, add = [], signal, onProgress, threads } = options;
  const restored = await isFolder(path);
  if (restored && (await readSignatureRule(options, path)) !== undefined) throw unsignedFolder(path);
  if (restored && add.length === 0) return execute(path, options, null);
  const scratch = await realpath(await mkdtemp(join(tmpdir(), "envpack-run-")));
  try {
    const folder = restored ? path : (await unpack({ archive: path, target: join(scratch, "env"), verifyKeys, signature, signal, onProgress, threads })).target;
    return await execute(folder, options, add.length === 0 ? null : await putInFront(add, folder, scratch, signal));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Makes packages of what was added, in a folder that the environment's import hook looks in first. */
async function putInFront(add: readonly string[], environment: string, scratch: string, signal: AbortSignal | undefined): Promise<string> {
  const hook = await readFile(join(environment, HOOK), "utf8").catch(() => "");
  if (!hook.includes(ADDED)) {
    throw new EnvpackError("USAGE", "this environment was packed by an envpack that cannot put anything in front of it", { path: environment, hint: "pack it again" });
  }
  const folder = join(scratch, "added");
  await mkdir(folder);
  await makeOverlay(add, folder, signal);
  return folder;
}

async function execute(folder: string, options: RunOptions, added: string | null): Promise<RunResult> {
  const packed = await openPacked(folder);
  await packed.close();
  const activated = activationEnv(folder, packed.manifest, options.env ?? process.env);
  const env = added === null ? activated : { ...activated, [ADDED]: added };
  const [file, args] = await commandLine(options);
  const child = spawn(file, args, { cwd: options.cwd, env, stdio: "inherit" });
  const forward = (signal: NodeJS.Signals): void => {
    // A second Ctrl-C makes many programs quit hard.
    if (signal !== "SIGINT" || !options.onTerminal) child.kill(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  const stop = (): void => void child.kill("SIGTERM");
  options.signal?.addEventListener("abort", stop);
  try {
    return await new Promise((settle, fail) => {
      child.once("error", (error) => fail(explainStart(error, options.command)));
      child.once("exit", (status, signal) => settle({ status: statusOf(status, signal), signal }));
    });
  } finally {
    options.signal?.removeEventListener("abort", stop);
    for (const signal of FORWARDED) process.off(signal, forward);
  }
}

/** A script goes to the environment's node, whatever its mode; anything else is looked up on PATH. */
async function commandLine({ command, args = [], cwd = "." }: RunOptions): Promise<[string, string[]]> {
  if (SCRIPTS.has(extname(command))) {
    const script = resolve(cwd, command);
    const found = await stat(script).catch(() => null);
    if (found?.isFile()) return ["node", [script, ...args]];
  }
  return [command, [...args]];
}

function explainStart(error: Error, command: string): Error {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") return explainError(error, "cannot start", command) as Error;
  return new EnvpackError("COMMAND_FAILED", "no such command in the environment or on PATH", {
    path: command,
    hint: "`envpack info` lists the environment's commands",
    cause: error,
  });
}

function statusOf(status: number | null, signal: NodeJS.Signals | null): number {
  return status ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}
