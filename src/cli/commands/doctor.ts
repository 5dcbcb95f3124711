import type { Command } from "commander";
import type { DoctorResult, Finding } from "../../verbs/doctor/doctor.js";
import { escapeText } from "../../support/unsafe-text.js";
import { EXIT } from "../exit-status.js";
import { notes } from "../help.js";
import { registryOptionList, registryOptions, type RegistryFlags } from "../image-options.js";
import { jsonOption, quietOption, threadsOption } from "../options.js";
import type { Session } from "../session.js";

interface Flags extends RegistryFlags {
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

Exit status: 0 nothing is known that will fail (something may: warnings), 1 something will.`;

/** `envpack doctor [X]` */
export function addDoctor(program: Command, session: Session): void {
  const command = program
    .command("doctor")
    .summary("tell what will not work on this machine, and why")
    .description("Looks at this machine for X: platform, runtime, addons and their libraries, folder, limits, variables.")
    .argument("[x]", "an archive, an unpacked environment, or an image: a layout, or HOST/REPOSITORY:TAG")
    .option("--target <dir>", "where an archive is to be unpacked (default: the current folder)");
  for (const option of registryOptionList()) command.addOption(option);
  command
    .addOption(threadsOption())
    .addOption(quietOption())
    .addOption(jsonOption())
    .addHelpText("after", notes(HELP))
    .action((path: string | undefined, flags: Flags) => examine(session, flags, path));
}

async function examine(session: Session, flags: Flags, named: string | undefined): Promise<void> {
  const { doctor } = await import("../../verbs/doctor/doctor.js");
  const path = named ?? session.environment;
  const result = await doctor({
    path,
    target: flags.target,
    threads: flags.nThreads,
    ...registryOptions(flags),
    signal: session.interrupts.catch(),
  });
  if (!result.ok) session.status = EXIT.refused;
  if (flags.json) await session.writeJson("doctor", result);
  else if (!flags.quiet || !result.ok) await session.writeData(`${doctorText(result)}\n`);
}

const WORDS = { ok: "ok", warning: "warning", fails: "will fail" } as const;

function doctorText({ findings }: DoctorResult): string {
  const count = (status: Finding["status"]): number => findings.filter((finding) => finding.status === status).length;
  const [failing, warnings] = [count("fails"), count("warning")];
  return [...findings.map(findingText), verdict(failing, warnings, findings.length)].join("\n");
}

/** Nothing comforting where something may fail. */
function verdict(failing: number, warnings: number, all: number): string {
  if (failing + warnings === 0) return "nothing is known that will fail here";
  return [failing === 0 ? null : `${failing} of ${all} will fail here`, warnings === 0 ? null : `${warnings} may fail here`]
    .filter((part) => part !== null)
    .join(", ");
}

function findingText({ check, status, detail, hint }: Finding): string {
  const line = `${WORDS[status].padEnd(9)}  ${check.padEnd(11)}  ${escapeText(detail)}`;
  return hint === null ? line : `${line}\n${" ".repeat(24)}-> ${escapeText(hint)}`;
}
