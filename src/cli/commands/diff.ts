import { type Command, Option } from "commander";
import { EnvpackError } from "../../support/errors.js";
import type { Aspect } from "../../verbs/diff.js";
import { suggest } from "../completion/suggest.js";
import { diffText } from "../diff-text.js";
import { EXIT } from "../exit-status.js";
import { notes } from "../help.js";
import { collect, jsonOption, quietOption, threadsOption } from "../options.js";
import { withProgress } from "../progress-bar.js";
import type { Session } from "../session.js";

interface Flags {
  readonly quick?: boolean;
  readonly ignore?: readonly string[];
  readonly nThreads?: number;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** What `--ignore` takes: a name for each aspect, or this does not compile. */
const ASPECTS = Object.keys({ environment: 0, runtime: 0, platform: 0, host: 0, packages: 0, files: 0 } satisfies Record<Aspect, 0>);

const HELP = `
X is an archive, an unpacked environment, or a file with reports: what \`envpack info --json\` printed on
other machines, any number of them (- is stdin). Of an unpacked environment every file is read; a report
says only what its index says, unless it was made with \`info --json --verify\`. Where a project was never
packed there is nothing to compare: pack it first.

Examples:
  envpack diff shop-1.4.0.tar.zst shop-1.5.0.tar.zst      what a release changes
  envpack diff shop-1.4.0.tar.zst /srv/shop               whether it is still what was packed
  srun -l -N 40 env/bin/envpack info --json --verify | envpack diff -      which worker has drifted
Without -l, srun mixes the lines of its tasks; pdsh and clush label theirs too.

Exit status: 0 all are the same, 1 something differs.`;

/** `envpack diff X ...` */
export function addDiff(program: Command, session: Session): void {
  program
    .command("diff")
    .summary("compare environments, and find the one that has drifted")
    .description("Compares environments: their runtime, platform, packages and files, and tells what differs where.")
    .argument("<x...>", "archives, unpacked environments, files of reports")
    .option("--quick", "believe the indexes of unpacked environments, and do not read their files")
    .addOption(suggest(new Option("--ignore <what>", `what may differ: ${ASPECTS.join(", ")} (repeatable)`).argParser(collect), ASPECTS))
    .addOption(threadsOption())
    .addOption(quietOption())
    .addOption(jsonOption())
    .addHelpText("after", notes(HELP))
    .action((sources: readonly string[], flags: Flags) => compare(session, flags, sources));
}

async function compare(session: Session, flags: Flags, named: readonly string[]): Promise<void> {
  const { diff } = await import("../../verbs/diff.js");
  if (named.filter((source) => source === "-").length > 1)
    throw new EnvpackError("USAGE", "stdin can be read once only", { hint: "name - once" });
  if (named.includes("-") && session.stdin.isTTY) {
    throw new EnvpackError("USAGE", "stdin is a terminal, not reports", { hint: "pipe what `envpack info --json` prints in" });
  }
  const result = await withProgress(session, flags.quiet, (onProgress) =>
    diff({
      sources: named.map((source) => (source === "-" ? session.stdin : source)),
      quick: flags.quick,
      ignore: flags.ignore,
      threads: flags.nThreads,
      signal: session.interrupts.catch(),
      onProgress,
    }),
  );
  if (!result.equal) session.status = EXIT.refused;
  if (flags.json) await session.writeJson("diff", result);
  else if (!flags.quiet || !result.equal) await session.writeData(`${diffText(result)}\n`);
}
