import type { Command } from "commander";
import type { DeliverYarnOptions, DeliverYarnResult, YarnCommands } from "../../verbs/deliver/yarn.js";
import { escapedWord } from "../escape.js";
import { escapeText } from "../../support/unsafe-text.js";
import { noticeLines } from "../left-out-text.js";
import { notes } from "../help.js";
import { jsonOption, quietOption, threadsOption } from "../options.js";
import { withProgress } from "../progress-bar.js";
import { formatSeconds } from "../quantities.js";
import { formatBytes } from "../../support/quantities.js";
import type { Session } from "../session.js";

interface Flags {
  readonly to: string;
  readonly alias?: string;
  readonly webhdfs?: string;
  readonly print?: boolean;
  readonly forcePlatform?: boolean;
  readonly nThreads?: number;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

const HELP = `
What YARN would not extract or cannot run is refused. The archive is named by its digest: what lies
there already is compared and not sent again. The hdfs client of HADOOP_HOME or PATH is used; where
there is none, WebHDFS at port 9870 of the host, or where --webhdfs says. HADOOP_USER_NAME is who
you are there, if it does not ask for Kerberos. The command lines are printed on stdout; words in
capitals are yours to fill in. Where YARN enforces its limit of virtual memory it kills a Node.js that
uses WebAssembly, as fetch does: yarn.nodemanager.vmem-check-enabled=false on the nodes.

Examples:
  envpack deliver yarn shop-0123456789abcdef.tar.gz --to hdfs://namenode:8020/envs
  envpack deliver yarn shop-0123456789abcdef.tar.gz --to hdfs:///envs --print
  envpack deliver yarn shop.tar.gz --to hdfs://namenode:8020/envs --webhdfs http://namenode:9870`;

/** `envpack deliver yarn ARCHIVE --to hdfs://...` */
export function addDeliverYarn(deliver: Command, session: Session): void {
  deliver
    .command("yarn")
    .summary("put it on HDFS, for Hadoop Streaming, Spark and others on YARN")
    .description("Puts ARCHIVE on HDFS, once, and prints the command lines of the jobs that use it.")
    .argument("<archive>", "what `envpack pack --for yarn` made")
    .requiredOption("--to <folder>", "a folder on HDFS, as hdfs://NAMENODE:8020/envs")
    .option("--alias <name>", "the link by which containers see the environment", "env")
    .option("--webhdfs <url>", "go through WebHDFS or HttpFS at this address")
    .option("--force-platform", "deliver what does not run on this machine, for workers that are not like it")
    .option("--print", "check ARCHIVE and print the command lines, and leave HDFS alone")
    .addOption(threadsOption())
    .addOption(quietOption())
    .addOption(jsonOption())
    .addHelpText("after", notes(HELP))
    .action((archive: string, flags: Flags) => handOver(session, flags, archive));
}

async function handOver(session: Session, flags: Flags, archive: string): Promise<void> {
  const { deliverYarn, planYarnDelivery } = await import("../../verbs/deliver/yarn.js");
  const { to, alias, webhdfs, forcePlatform, nThreads: threads } = flags;
  const began = performance.now();
  const deliver = async <Result>(
    work: (options: DeliverYarnOptions) => Promise<Result>,
  ): Promise<Result & { readonly seconds: number }> => {
    const result = await withProgress(session, flags.quiet, (onProgress) =>
      work({ archive, to, alias, webhdfs, forcePlatform, threads, signal: session.interrupts.catch(), onProgress }),
    );
    return { ...result, seconds: (performance.now() - began) / 1000 };
  };
  if (flags.print) {
    const plan = await deliver(planYarnDelivery);
    if (flags.json) return session.writeJson("deliver yarn --print", plan);
    await session.writeData(`${commandsText(plan.commands)}\n`);
    return;
  }
  const result = await deliver(deliverYarn);
  if (flags.json) return session.writeJson("deliver yarn", result);
  if (!flags.quiet) session.say(deliveredText(result, result.seconds));
  await session.writeData(`${commandsText(result.commands)}\n`);
}

function deliveredText({ uri, bytes, sent, via, notices }: DeliverYarnResult, seconds: number): string {
  const what = sent ? `delivered ${formatBytes(bytes)} to` : "already there, the same to the byte:";
  return [
    `${what} ${escapeText(uri)}`,
    `  through ${escapeText(via)}, read back and compared, in ${formatSeconds(seconds)}`,
    ...noticeLines(notices),
  ].join("\n");
}

/** The command lines under their titles, a word with its value a line. */
function commandsText({ streaming, spark, distributedShell }: YarnCommands): string {
  const parts = [
    ["Hadoop Streaming", streaming],
    ["Spark", spark],
    ["distributed shell", distributedShell],
  ] as const;
  return parts.map(([title, words]) => `# ${title}\n${commandText(words)}`).join("\n\n");
}

/** Options stand on lines of their own, each with its value, and so does what follows the last one. */
function commandText(words: readonly string[]): string {
  const lines: string[][] = [[]];
  words.forEach((word, at) => {
    const isLast = at === words.length - 1 && !(words[at - 1] ?? "").startsWith("-");
    if (word.startsWith("-") || isLast) lines.push([]);
    lines.at(-1)?.push(escapedWord(word));
  });
  return lines.map((line) => line.join(" ")).join(" \\\n  ");
}
