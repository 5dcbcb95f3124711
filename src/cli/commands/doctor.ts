import type { Command } from "commander";
import type { DoctorResult, Finding } from "../../doctor.js";
import { escapeText } from "../escape.js";
import { EXIT } from "../exit-status.js";
import { jsonOption, quietOption, threadsOption } from "../options.js";
import type { Session } from "../session.js";

interface Flags {
  readonly target?: string;
  readonly nThreads?: number;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

const HELP = `
X is an unpacked environment, or an archive, for which --target is where it would be unpacked. Without
X, bin/envpack of an environment looks at its own; else only the machine is looked at. Run it where the
environment will run: on a worker, in the container, as the user of the jobs. A node that is too new for
the machine's C library cannot start bin/envpack either: then its own message says so.

Exit status: 0 nothing is known that will fail (there may be warnings), 1 something will.`;

/** `envpack doctor [X]` */
export function addDoctor(program: Command, session: Session): void {
  program
    .command("doctor")
    .summary("tell what will not work on this machine, and why")
    .description("Looks at this machine for X: platform, runtime, addons and their libraries, folder, limits, variables.")
    .argument("[x]", "an archive or an unpacked environment")
    .option("--target <dir>", "where an archive is to be unpacked (default: the current folder)")
    .addOption(threadsOption())
    .addOption(quietOption())
    .addOption(jsonOption())
    .addHelpText("after", HELP)
    .action((path: string | undefined, flags: Flags) => examine(session, flags, path));
}

async function examine(session: Session, flags: Flags, named: string | undefined): Promise<void> {
  const { doctor } = await import("../../doctor.js");
  const path = named ?? session.environment;
  const result = await doctor({ path, target: flags.target, threads: flags.nThreads, signal: session.interrupts.catch() });
  if (!result.ok) session.status = EXIT.refused;
  if (flags.json) await session.writeJson(result);
  else if (!flags.quiet || !result.ok) await session.writeData(`${doctorText(result)}\n`);
}

const WORDS = { ok: "ok", warning: "warning", fails: "will fail" } as const;

function doctorText({ findings }: DoctorResult): string {
  const count = (status: Finding["status"]): number => findings.filter((finding) => finding.status === status).length;
  const [failing, warnings] = [count("fails"), count("warning")];
  const verdict = failing > 0 ? `${failing} of ${findings.length} will fail here` : "nothing is known that will fail here";
  return [...findings.map(findingText), `${verdict}${warnings === 0 ? "" : `, ${warnings} to be looked at`}`].join("\n");
}

function findingText({ check, status, detail, way }: Finding): string {
  const line = `${WORDS[status].padEnd(9)}  ${check.padEnd(11)}  ${escapeText(detail)}`;
  return way === null ? line : `${line}\n${" ".repeat(24)}-> ${escapeText(way)}`;
}
