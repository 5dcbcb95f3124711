import { type Command, InvalidArgumentError, Option } from "commander";
import type { ProveOptions } from "../../verbs/prove/prove.js";
import { suggest } from "../completion/suggest.js";
import { escapeText } from "../../support/unsafe-text.js";
import { EXIT } from "../exit-status.js";
import { notes } from "../help.js";
import {
  addSignatureOptions,
  collect,
  jsonOption,
  parseInteger,
  quietOption,
  signatureOptions,
  threadsOption,
  type SignatureFlags,
} from "../options.js";
import { withProgress } from "../progress-bar.js";
import { proveText } from "../prove-text.js";
import type { Session } from "../session.js";

interface Flags extends SignatureFlags {
  readonly source?: string;
  readonly entry?: string;
  readonly listen?: readonly string[];
  readonly like?: string;
  readonly image?: string;
  readonly as?: readonly string[];
  readonly all?: boolean;
  readonly limitMemory?: number;
  readonly uid?: number;
  readonly noexecTmp?: boolean;
  /** commander's own way with --no-…: true where it was not given. */
  readonly home: boolean;
  readonly timeout?: number;
  readonly sandbox?: ProveOptions["sandbox"];
  readonly sign?: string;
  readonly save: boolean;
  readonly nThreads?: number;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

const HELP = `
X is an archive, an unpacked environment, or a project's folder, which is packed first. It is restored at another depth,
where the source, homes, package stores and this machine's Node.js do not exist, the network is off, the environment is
read-only and the user is another. Then every direct dependency is required and imported, every command is started, and so
is the entry point. What fails is tried at the source as well, where that is there: what failed before too is no failure.
COMMAND runs in the project's folder; package.json may name more: "envpack": { "prove": "node check.js" }.

Of an archive the outcome is written beside it, as ARCHIVE.proof.json: \`envpack info\` shows it.

Examples:
  envpack prove shop.tar.zst
  envpack prove shop.tar.zst --listen 8080/health --sign deploy
  envpack prove . -- npm test
  envpack prove shop.tar.zst --like /srv/rootfs/debian-10
  envpack prove shop.tar.zst --all            as YARN, Slurm, Spark, Kubernetes and an air-gapped host would

Exit status: 0 it holds, 1 something fails that works at the source, or the source is not there to ask.`;

/** `envpack prove X [-- COMMAND]` */
export function addProve(program: Command, session: Session): void {
  const command = program
    .command("prove")
    .summary("try an environment where nothing of this machine is left")
    .description("Proves that X runs elsewhere: restores it in a sandbox, loads every dependency, starts every command.")
    .usage("[options] <x> [-- command [args...]]")
    .argument("<x>", "an archive, an unpacked environment, or a project's folder")
    .argument("[command...]", "a command to run in the project's folder")
    .option("--source <folder>", "the folder that it was packed from, to compare with (default: the current one, if it is that project)")
    .option("--entry <script>", "the script to start, from the project's folder (default: that of `npm start`, or the main file)")
    .addOption(
      new Option(
        "--listen <port/path>",
        "where the entry point has to answer, as 8080/health; PORT tells it the port (repeatable)",
      ).argParser(collect),
    )
    .option("--like <root>", "another root file system instead of this machine's: a folder or a tar")
    .option("--image <layout>", "the same, from an OCI image layout: a folder or a tar")
    .addOption(
      suggest(
        new Option("--as <engine>", "impose what an engine does: yarn, slurm, spark, kubernetes or air-gapped (repeatable)").argParser(
          collect,
        ),
        ["yarn", "slurm", "spark", "kubernetes", "air-gapped"],
      ),
    )
    .option("--all", "impose what each of them does, one after the other")
    .addOption(new Option("--limit-memory <size>", "memory for all processes together, as 512M or 2G").argParser(parseSize))
    .addOption(new Option("--uid <n>", "a user without a name").argParser(parseInteger))
    .option("--noexec-tmp", "a /tmp from which no program can be started")
    .option("--no-home", "no home, and no HOME")
    .addOption(new Option("--timeout <seconds>", "what each trial may take (default: 30)").argParser(parseInteger))
    .addOption(
      new Option("--sandbox <kind>", "the sandbox that it has to be (default: the best that there is)").choices([
        "bubblewrap",
        "unshare",
        "none",
      ]),
    )
    .option("--sign <key>", "sign what is written beside the archive with an Ed25519 private key (PEM or OpenSSH)")
    .option("--no-save", "write nothing beside the archive");
  addSignatureOptions(command)
    .addOption(threadsOption())
    .addOption(quietOption())
    .addOption(jsonOption())
    .addHelpText("after", notes(HELP))
    .action((path: string, words: string[], flags: Flags) => proveIt(session, flags, path, words));
}

async function proveIt(session: Session, flags: Flags, path: string, words: readonly string[]): Promise<void> {
  const { prove } = await import("../../verbs/prove/prove.js");
  const { source, entry, listen, like, image, as, all, limitMemory, uid, noexecTmp, timeout, sandbox, sign } = flags;
  const command = words.length === 0 ? undefined : words;
  const options: ProveOptions = {
    path,
    command,
    source,
    entry,
    listen,
    like,
    image,
    as,
    all,
    limitMemory,
    uid,
    noexecTmp,
    noHome: !flags.home,
    timeout,
    sandbox,
    sign,
    save: flags.save,
    ...signatureOptions(flags),
    threads: flags.nThreads,
    signal: session.interrupts.catch(),
  };
  const result = await withProgress(session, flags.quiet, (onProgress) => prove({ ...options, onProgress }));
  if (!result.ok) session.status = EXIT.refused;
  if (flags.json) await session.writeJson("prove", result);
  else if (!flags.quiet || !result.ok) await session.writeData(`${proveText(result, flags.quiet === true)}\n`);
  if (result.proof !== null && !flags.quiet && !flags.json) session.say(`proof: ${escapeText(result.proof)}`);
}

/** "512M", "2G", "1073741824": in powers of 1024. */
function parseSize(text: string): number {
  const [, digits = "", unit = ""] = /^(\d{1,12})([KMGT]?)i?B?$/i.exec(text) ?? [];
  const bytes = Number(digits) * 1024 ** ["", "K", "M", "G", "T"].indexOf(unit.toUpperCase());
  if (digits === "" || bytes <= 0 || !Number.isSafeInteger(bytes)) throw new InvalidArgumentError("it is a size, as 512M or 2G");
  return bytes;
}
