import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { EnvpackError, explainError } from "../../support/errors.js";
import { ARCHIVE_ENDINGS } from "../../archive/formats.js";
import { isSelfExtracting } from "../../archive/stub/stub.js";
import { notes } from "../help.js";
import { addSignatureOptions, collect, signatureOptions, type SignatureFlags } from "../options.js";
import { untilPublished, withProgress } from "../progress-bar.js";
import type { Session } from "../session.js";

interface Flags extends SignatureFlags {
  readonly add?: readonly string[];
  readonly compileCache: boolean;
}

const HELP = `
X is an unpacked environment, or an archive, which is restored to a temporary folder for this once.
The envpack that lies in an environment's own bin/ needs no X. COMMAND is one of the environment's,
any other program, or a script (.js, .mjs, .cjs), which the environment's node runs; a script may lie
anywhere and imports the environment's packages by name.

COMMAND takes envpack's place (signals, descriptors, process id) where that can be: of the envpack in bin/
always, of an installed one on Node.js 22.15 and later, not of an archive or with --add.

From Node.js 22.8 on, what it compiles is kept in the user's cache, and the next start is faster: \`envpack cache\`. It is
left alone where NODE_COMPILE_CACHE or NODE_DISABLE_COMPILE_CACHE is set; ENVPACK_NO_COMPILE_CACHE=1 turns it off in an
activated shell.

What is added with --add comes first for scripts, and for this run only; the environment's own packages do
not see it. A folder or a .tgz of \`npm pack\` is imported by its package's name, a single file by its own:
job_helpers.mjs as job_helpers.

Examples:
  envpack run /srv/shop -- esbuild --version
  envpack run shop.tar.zst -- node -p 'process.version'
  envpack run /srv/shop --add job_helpers.mjs --add fixed-1.0.1.tgz -- job.mjs
  /srv/shop/bin/envpack run /home/me/job.mjs --fast`;

/** `envpack run X -- COMMAND ARGS` */
export function addRun(program: Command, session: Session): void {
  const command = program
    .command("run")
    .summary("activate an environment and execute a command in it")
    .description("Activates X and executes COMMAND in it; ends as COMMAND ends.")
    .usage("[options] [x] [--] <command> [args...]")
    .argument("<words...>", "X, and COMMAND with its arguments")
    .option("--add <path>", "put a file, a folder or a .tgz in front, to be imported by name (repeatable)", collect)
    .option("--no-compile-cache", "let Node.js keep nothing of what it compiles")
    .passThroughOptions();
  addSignatureOptions(command)
    .addHelpText("after", notes(HELP))
    .action((words: readonly string[], flags: Flags) => execute(session, words, flags));
}

async function execute(session: Session, words: readonly string[], flags: Flags): Promise<void> {
  const { path, isArchive, added, command, args } = await splitWords(words, session);
  const add = [...(flags.add ?? []), ...added];
  const { run } = await import("../../verbs/run/run.js");
  // A command in a restored environment takes the signals itself; only a restore, or what was added, has to be undone.
  const signal = isArchive || add.length > 0 ? session.interrupts.catch() : undefined;
  const onStart = (): void => session.interrupts.release();
  const { compileCache } = flags;
  const ways = { onStart, onTerminal: session.stdin.isTTY, replace: true, compileCache };
  const options = { path, command, args, add, ...signatureOptions(flags), signal, ...ways };
  const ended = await (isArchive
    ? withProgress(session, false, (onProgress, end) => run({ ...options, onProgress: untilPublished(onProgress, end) }))
    : run(options));
  session.status = ended.status;
  session.endBy = ended.signal;
}

interface Invocation {
  readonly path: string;
  readonly isArchive: boolean;
  /** What --add named behind X. */
  readonly added: readonly string[];
  readonly command: string;
  readonly args: readonly string[];
}

/** Takes the first word as the environment if it is one, else the environment that this tool lies in. */
async function splitWords(words: readonly string[], session: Session): Promise<Invocation> {
  const [first = "", ...rest] = words;
  const named = await kindOf(first, session.environment === undefined);
  if (named === null && (session.environment === undefined || isNamedArchive(first))) await refuseMissing(first);
  if (named === null && session.environment === undefined) {
    throw new EnvpackError("NOT_AN_ENVIRONMENT", "neither an unpacked environment nor an archive", {
      path: first,
      hint: "`envpack run X -- COMMAND`: X is an archive, or the folder that one was restored to",
    });
  }
  const path = named === null ? (session.environment ?? "") : first;
  const line = named === null ? [...words] : rest;
  const added = named === null ? [] : takeAdded(line);
  if (line[0] === "--") line.shift();
  // `run X --verify-key KEY`: taken for a command, it would be looked for after X was restored without the key.
  else if (line[0]?.startsWith("-") === true) {
    throw new EnvpackError("USAGE", `${line[0]} stands behind X`, { hint: "`envpack run [options] X -- COMMAND`: options come before X" });
  }
  const [command, ...args] = line;
  if (command === undefined) {
    throw new EnvpackError("USAGE", "no command was named", { hint: "`envpack run X -- COMMAND`" });
  }
  return { path, isArchive: named === "archive", added, command, args };
}

/** @throws EnvpackError IO where nothing is there */
async function refuseMissing(path: string): Promise<void> {
  await stat(path).catch((error: unknown) => {
    throw explainError(error, "cannot run", resolve(path));
  });
}

/** Options end where the first word begins, which is X: --add is understood behind it as well, and taken off the line. */
function takeAdded(line: string[]): string[] {
  const added: string[] = [];
  for (;;) {
    const option = /^--add(?:=(.*))?$/s.exec(line[0] ?? "");
    if (option === null) return added;
    line.shift();
    const path = option[1] ?? line.shift();
    if (path === undefined) throw new EnvpackError("USAGE", "--add names nothing", { hint: "`envpack run X --add FILE -- COMMAND`" });
    added.push(path);
  }
}

/** Whether a file's name says that it is an archive. */
function isNamedArchive(word: string): boolean {
  const lower = word.toLowerCase();
  return ARCHIVE_ENDINGS.some((ending) => lower.endsWith(ending));
}

/**
 * Goes by the name; whether a file really is an archive is found out when it is opened.
 *
 * @param anyFile whether a file of any name may be an archive: there is no command that it could be instead
 */
async function kindOf(word: string, anyFile: boolean): Promise<"folder" | "archive" | null> {
  const found = await stat(word).catch(() => null);
  if (found?.isFile() && (anyFile || isNamedArchive(word) || (await isSelfExtracting(word)))) return "archive";
  if (!found?.isDirectory()) return null;
  const marks = [join(word, ".envpack", "manifest.json"), join(word, "bin", "activate")];
  const seen = await Promise.all(marks.map((mark) => stat(mark).catch(() => null)));
  return seen.every((mark) => mark === null) ? null : "folder";
}
