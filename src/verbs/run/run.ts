import { mkdir, stat } from "node:fs/promises";
import { constants } from "node:os";
import { extname, join, resolve } from "node:path";
import { readOwnFile } from "../../archive/meta-file.js";
import { EnvpackError, explainError } from "../../support/errors.js";
import type { CommandLine } from "./command-line.js";
import { findProgram } from "./find-program.js";
import { replaceProcess } from "./replace.js";
import { startCommand } from "./start.js";
import { activationEnv } from "./activation.js";
import { ADDED, HOOK, NO_COMPILE_CACHE } from "../../archive/embedded.js";
import { pathTrouble } from "../../support/path-trouble.js";
import type { CommonOptions } from "../../support/options.js";
import { makeOverlay } from "./overlay.js";
import { isFolder, openEnvironment, unsignedFolder } from "../../inspect/open-environment.js";
import { makeScratch } from "../../cache/scratch.js";
import { readSignatureRule, type SignatureOptions } from "../../inspect/signature-files.js";
import { unpack } from "../unpack.js";

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
  /**
   * Whether the command may take this process's place (process.execve, Node 22.15 and later), which then never
   * returns: of a restored environment without `add`. Elsewhere, or without it, the command is a child that gets
   * every descriptor and signal.
   */
  readonly replace?: boolean;
  /**
   * Whether Node.js may keep what it compiles in the user's cache, for the next run; so by default. Never of an archive, whose
   * temporary folder is another one each time.
   */
  readonly compileCache?: boolean;
  /** Called when all is restored and the command is about to start: what comes from now on, signals as well, is the command's. */
  readonly onStart?: () => void;
}

export interface RunResult {
  /** As a shell tells it: 128 + the signal's number where a signal ended the command. */
  readonly status: number;
  readonly signal: NodeJS.Signals | null;
}

const SCRIPTS = new Set([".js", ".mjs", ".cjs", ".ts", ".mts", ".cts"]);

/** Activates an environment and executes a command in it, with this process's standard streams. */
export async function run(options: RunOptions): Promise<RunResult> {
  const path = resolve(options.path);
  const { verifyKeys, signature, add = [], signal, onProgress, threads } = options;
  const restored = await isFolder(path);
  if (restored && (await readSignatureRule(options, path)) !== undefined) throw unsignedFolder(path);
  if (restored && add.length === 0) return execute(path, options, null);
  const { path: scratch, remove } = await makeScratch();
  try {
    const folder = restored
      ? path
      : (await unpack({ archive: path, target: join(scratch, "env"), verifyKeys, signature, signal, onProgress, threads })).target;
    return await execute(folder, options, add.length === 0 ? null : await putInFront(add, folder, scratch, signal));
  } finally {
    await remove();
  }
}

/** Makes packages of what was added, in a folder that the environment's import hook looks in first. */
async function putInFront(add: readonly string[], environment: string, scratch: string, signal: AbortSignal | undefined): Promise<string> {
  const hook = await readOwnFile(environment, HOOK);
  if (hook?.includes(ADDED) !== true) {
    throw new EnvpackError("USAGE", "this environment was packed by an envpack that cannot put anything in front of it", {
      path: environment,
      hint: "pack it again",
    });
  }
  const folder = join(scratch, "added");
  await mkdir(folder);
  await makeOverlay(add, folder, signal);
  return folder;
}

async function execute(folder: string, options: RunOptions, added: string | null): Promise<RunResult> {
  refuseDelimiter(folder);
  const packed = await openEnvironment(folder);
  await packed.close();
  const activated = activationEnv(folder, packed.manifest, options.env ?? process.env);
  const isTemporary = folder !== resolve(options.path);
  const env = {
    ...activated,
    ...(added === null ? {} : { [ADDED]: added }),
    ...(isTemporary || options.compileCache === false ? { [NO_COMPILE_CACHE]: "1" } : {}),
  };
  const [file, args] = await commandLine(options);
  const line = { file, args, env, cwd: options.cwd };
  options.onStart?.();
  try {
    if (options.replace === true && !isTemporary && added === null) await replaceProcess(line);
    const { status, signal } = await startCommand(line, { onTerminal: options.onTerminal ?? false, signal: options.signal });
    return { status: statusOf(status, signal), signal };
  } catch (error) {
    throw await explainStart(error, line);
  }
}

/** What cannot be found by PATH would be looked for elsewhere without a word. */
function refuseDelimiter(folder: string): void {
  const trouble = pathTrouble(folder);
  if (trouble !== null) throw new EnvpackError("TARGET_UNSUITABLE", trouble.message, { path: folder, hint: trouble.hint });
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

async function explainStart(error: unknown, line: CommandLine): Promise<unknown> {
  if (!(error instanceof Error) || (error as NodeJS.ErrnoException).code !== "ENOENT")
    return explainError(error, "cannot start", line.file);
  const program = await findProgram(line);
  if (program !== null) {
    return new EnvpackError("COMMAND_FAILED", "what its first line names to run it is not on this machine", {
      path: program,
      hint: "where there is no shell, start a script by its path: `run -- node PATH`",
      cause: error,
    });
  }
  return new EnvpackError("COMMAND_FAILED", "no such command in the environment or on PATH", {
    path: line.file,
    hint: "`envpack info` lists the environment's commands",
    cause: error,
  });
}

function statusOf(status: number | null, signal: NodeJS.Signals | null): number {
  return status ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}
