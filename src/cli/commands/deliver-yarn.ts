import type { Command } from "commander";
import type { YarnCommands } from "../../deliver-yarn.js";
import { escapedWord, escapeText } from "../escape.js";
import { jsonOption, quietOption, threadsOption } from "../options.js";
import { withProgress } from "../progress-bar.js";
import type { Session } from "../session.js";

interface Flags {
  readonly to: string;
  readonly alias?: string;
  readonly nThreads?: number;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** `envpack deliver yarn ARCHIVE --to hdfs://...` */
export function addDeliverYarn(deliver: Command, session: Session): void {
  deliver
    .command("yarn")
    .summary("for YARN: MapReduce, Spark and others")
    .description("Checks ARCHIVE, and prints the command lines that use it on YARN.")
    .argument("<archive>", "an archive of `envpack pack --for yarn`")
    .requiredOption("--to <folder>", "a folder on HDFS, as hdfs://NAMENODE:8020/envs")
    .option("--alias <name>", "what the containers call it", "env")
    .addOption(threadsOption())
    .addOption(quietOption())
    .addOption(jsonOption())
    .action((archive: string, flags: Flags) => deliverYarn(session, flags, archive));
}

async function deliverYarn(session: Session, flags: Flags, archive: string): Promise<void> {
  const { planYarnDelivery } = await import("../../deliver-yarn.js");
  const planned = await withProgress(session, flags.quiet, (onProgress) =>
    planYarnDelivery({ archive, to: flags.to, alias: flags.alias, threads: flags.nThreads, signal: session.interrupts.catch(), onProgress }),
  );
  if (flags.json) await session.writeJson(planned);
  else await session.writeData(`${commandsText(planned.commands)}\n`);
}

/** The command lines under their titles, a word with its value a line. */
function commandsText({ streaming, spark, distributedShell }: YarnCommands): string {
  const parts = [["Hadoop Streaming", streaming], ["Spark", spark], ["distributed shell", distributedShell]] as const;
  return parts.map(([title, words]) => `# ${title}\n${commandText(words)}`).join("\n\n");
}

function commandText(words: readonly string[]): string {
  const text = words.map((word) => escapedWord(escapeText(word)));
  return text.join(" ").replace(/ (?=--?[a-z])/g, " \\\n  ");
}
