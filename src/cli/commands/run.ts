import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { EnvpackError } from "../../errors.js";
import { addSignatureOptions, collect, signatureOptions, type SignatureFlags } from "../options.js";
import type { Session } from "../session.js";

interface Flags extends SignatureFlags {
  readonly add?: readonly string[];
}

const HELP = `
X is an unpacked environment, or an archive, which is restored to a temporary folder for this once.
The envpack that lies in an environment's own bin/ needs no X. COMMAND is one of the environment's,
any other program, or a script (.js, .mjs, .cjs), which the environment's node runs; a script may lie
anywhere and imports the environment's packages by name.

What is added with --add comes first for scripts, and for this run only; the environment's own packages do
not see it. A folder or a .tgz of \`npm pack\` is imported by its package's name, a single file by its own:
job_helpers.mjs as job_helpers.

Examples:
  envpack run /srv/shop -- esbuild --version
  envpack run shop.tar.zst -- node -p 'process.version'
  envpack run /srv/shop --add job_helpers.mjs --add fixed-1.0.1.tgz -- job.mjs
  /srv/shop/bin/envpack run /home/me/job.mjs --fast`;

/** What archives and images are called; whether a file really is one is found out when it is opened. */
const ARCHIVE_NAME = /\.(tar|tar\.zst|tzst|tar\.gz|tgz|zip|squashfs|sqfs)$/i;

/** `envpack run X -- COMMAND ARGS` */
export function addRun(program: Command, session: Session): void {
  const command = program
    .command("run")
    .summary("activate an environment and execute a command in it")
    .description("Activates X and executes COMMAND in it; ends as COMMAND ends.")
    .usage("[options] [x] [--] <command> [args...]")
    .argument("<words...>", "X, and COMMAND with its arguments")
    .option("--add <path>", "put a file, a folder or a .tgz in front, to be imported by name (repeatable)", collect)
    .passThroughOptions();
  addSignatureOptions(command)
    .addHelpText("after", HELP)
    .action((words: readonly string[], flags: Flags) => execute(session, words, flags));
}

async function execute(session: Session, words: readonly string[], flags: Flags): Promise<void> {
  const { path, isArchive, added, command, args } = await splitWords(words, session);
  const add = [...(flags.add ?? []), ...added];
  const { run } = await import("../../run.js");
  // A command in a restored environment takes the signals itself; only a restore, or what was added, has to be undone.
  const signal = isArchive || add.length > 0 ? session.interrupts.catch() : undefined;
  const ended = await run({ path, command, args, add, ...signatureOptions(flags), signal, onTerminal: session.stdin.isTTY });
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

/** @param anyFile whether a file of any name may be an archive: there is no command that it could be instead */
async function kindOf(word: string, anyFile: boolean): Promise<"folder" | "archive" | null> {
  const found = await stat(word).catch(() => null);
  if (found?.isFile() && (anyFile || ARCHIVE_NAME.test(word))) return "archive";
  if (!found?.isDirectory()) return null;
  const manifest = await stat(join(word, ".envpack", "manifest.json")).catch(() => null);
  return manifest === null ? null : "folder";
}
