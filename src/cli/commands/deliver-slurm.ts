import type { Command } from "commander";
import type { DeliverSlurmResult } from "../../verbs/deliver/slurm.js";
import { escapedWord } from "../escape.js";
import { escapeText } from "../../support/unsafe-text.js";
import { append } from "../../support/append.js";
import { noticeLines } from "../left-out-text.js";
import { notes } from "../help.js";
import { collect, jsonOption, quietOption, threadsOption } from "../options.js";
import { withProgress } from "../progress-bar.js";
import type { Session } from "../session.js";

interface Flags {
  readonly to?: string;
  readonly nodes?: string;
  readonly ntasks?: string;
  readonly sbatch?: readonly string[];
  readonly remove?: boolean;
  readonly output?: string;
  readonly force?: boolean;
  readonly submit?: boolean;
  readonly nThreads?: number;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

const HELP = `
The job sends ARCHIVE to its nodes (sbcast), where it is unpacked once, and checked by every job; the next
job of the same archive finds it there, under the archive's digest. Nothing has to be installed on the nodes.
ARCHIVE lies where the nodes see it: on a shared file system. COMMAND is one of the environment's, any
other program, or a script (.js, .mjs, .cjs), and begins in the folder that the job was submitted from.

Examples:
  envpack deliver slurm shop.tar.gz -N 3 -o job.sh -- job.mjs --fast
  sbatch job.sh
  envpack deliver slurm shop.tar.gz -N 3 -n 12 --sbatch --time=10 --submit -- node -p process.version
  envpack deliver slurm shop.tar.gz --to '$LOCAL_SCRATCH' --submit -- job.mjs`;

/** `envpack deliver slurm ARCHIVE -- COMMAND` */
export function addDeliverSlurm(deliver: Command, session: Session): void {
  deliver
    .command("slurm")
    .summary("write or submit a batch job that runs a command on every node")
    .description("Writes a batch script for Slurm that brings ARCHIVE to every node and runs COMMAND there, or submits it.")
    .usage("[options] <archive> -- <command> [args...]")
    .argument("<archive>", "an archive with a runtime, on a file system that the nodes share")
    .argument("<command...>", "what every task runs, and its arguments")
    .option("-N, --nodes <n>", "as of sbatch")
    .option("-n, --ntasks <n>", "as of sbatch")
    .option("--sbatch <option>", "any other option of sbatch (repeatable): --sbatch --partition=long", collect)
    .option("--to <folder>", "a folder that each node has for itself (default: $SLURM_TMPDIR, or /tmp)")
    .option("--remove", "remove the environment from the nodes when the job ends")
    .option("-o, --output <file>", "write the script to a file (default: stdout)")
    .option("-f, --force", "replace an existing file")
    .option("--submit", "hand the script to sbatch")
    .addOption(threadsOption())
    .addOption(quietOption())
    .addOption(jsonOption())
    .addHelpText("after", notes(HELP))
    .action((archive: string, command: readonly string[], flags: Flags) => handOver(session, flags, archive, command));
}

async function handOver(session: Session, flags: Flags, archive: string, command: readonly string[]): Promise<void> {
  const { deliverSlurm } = await import("../../verbs/deliver/slurm.js");
  const { to, remove, output, force, submit, nThreads: threads } = flags;
  const sbatch = [...optionLine("--nodes", flags.nodes), ...optionLine("--ntasks", flags.ntasks), ...(flags.sbatch ?? [])];
  const result = await withProgress(session, flags.quiet, (onProgress) =>
    deliverSlurm({ archive, command, to, sbatch, remove, output, force, submit, threads, signal: session.interrupts.catch(), onProgress }),
  );
  if (flags.json) return session.writeJson("deliver slurm", result);
  if (result.output === null && result.job === null) await session.writeData(result.script);
  if (!flags.quiet) session.say(deliveredText(result));
}

function optionLine(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [`${name}=${value}`];
}

function deliveredText({ output, job, name, notices }: DeliverSlurmResult): string {
  const lines = output === null ? [] : [`wrote ${escapeText(output)}`];
  if (job !== null) lines.push(`submitted job ${escapeText(job)}`);
  lines.push(`  the nodes call the environment ${escapeText(name)}`);
  append(lines, noticeLines(notices));
  if (job !== null) lines.push(`next: squeue -j ${escapedWord(job.split(";", 1)[0] ?? "")}`);
  else if (output !== null) lines.push(`next: sbatch ${escapedWord(output)}`);
  return lines.join("\n");
}
