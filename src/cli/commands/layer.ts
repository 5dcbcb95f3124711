import { type Command, Option } from "commander";
import { EnvpackError } from "../../support/errors.js";
import { FORMATS, isTar } from "../../archive/formats.js";
import type { LayerOptions, LayerResult } from "../../verbs/layer.js";
import { escapedWord } from "../escape.js";
import { escapeText } from "../../support/unsafe-text.js";
import { notes } from "../help.js";
import { jsonOption, parseInteger, quietOption, threadsOption } from "../options.js";
import { withProgress } from "../progress-bar.js";
import { formatSeconds } from "../quantities.js";
import { countOf, formatBytes } from "../../support/quantities.js";
import type { Session } from "../session.js";

interface Flags {
  readonly output: string;
  readonly format?: LayerOptions["format"];
  readonly compressLevel?: number;
  readonly sign?: string;
  readonly force?: boolean;
  readonly nThreads?: number;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

const HELP = `
BASE is what the workers have, NEW what they are to get: archives, or unpacked environments. The layer
holds the files that BASE has nowhere, and which paths go. What it makes is checked file by file against
NEW's own index, and is NEW to the last byte.

Examples:
  envpack layer shop-1.4.0.tar.zst shop-1.5.0.tar.zst -o 1.4-to-1.5.tar.zst
  envpack unpack 1.4-to-1.5.tar.zst /srv/shop-1.5 --onto /srv/shop-1.4 --current /srv/shop`;

/** `envpack layer BASE NEW -o FILE` */
export function addLayer(program: Command, session: Session): void {
  program
    .command("layer")
    .summary("write only what differs between two environments")
    .description("Writes a layer: what is in NEW and not in BASE. `envpack unpack LAYER DIR --onto OLD` makes NEW of it.")
    .argument("<base>", "an archive or an unpacked environment")
    .argument("<new>", "an archive or an unpacked environment")
    .requiredOption("-o, --output <file>", "the layer; - is stdout")
    .addOption(
      new Option("--format <format>", "by default what the output's name ends in").choices(FORMATS.filter(isTar).map(({ name }) => name)),
    )
    .option("--compress-level <n>", "the codec's own level", parseInteger)
    .option("--sign <key>", "sign with an Ed25519 key")
    .option("-f, --force", "replace an existing output")
    .addOption(threadsOption())
    .addOption(quietOption())
    .addOption(jsonOption())
    .addHelpText("after", notes(HELP))
    .action((base: string, next: string, flags: Flags) => write(session, flags, base, next));
}

async function write(session: Session, flags: Flags, base: string, next: string): Promise<void> {
  const toStdout = flags.output === "-";
  if (toStdout && flags.json) throw new EnvpackError("USAGE", "both the layer and --json want stdout", { hint: "name a file with -o" });
  if (toStdout && session.stdout.isTTY)
    throw new EnvpackError("USAGE", "stdout is a terminal", { hint: "name a file with -o, or pipe the layer on" });
  const { layer } = await import("../../verbs/layer.js");
  const began = performance.now();
  const result = await withProgress(session, flags.quiet, (onProgress) =>
    layer({
      base,
      next,
      output: toStdout ? session.stdout : flags.output,
      format: flags.format,
      level: flags.compressLevel,
      sign: flags.sign,
      force: flags.force,
      threads: flags.nThreads,
      signal: session.interrupts.catch(),
      onProgress,
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  if (flags.json) await session.writeJson("layer", { ...result, seconds });
  else if (!flags.quiet) session.say(layerSummary(result, base, seconds));
}

function layerSummary({ output, layer, bytes, totalBytes, archiveBytes, sha256 }: LayerResult, base: string, seconds: number): string {
  const where = output ?? "stdout";
  const next = `next: envpack unpack ${escapedWord(output ?? "LAYER")} DIR --onto OLD, where OLD was restored from ${escapeText(base)}`;
  return `wrote ${escapeText(where)}: ${formatBytes(archiveBytes)} in ${formatSeconds(seconds)}
  ${countOf(layer.files, "file comes", "files come")} (${formatBytes(bytes)} of ${formatBytes(totalBytes)}), ${countOf(layer.removed, "path goes", "paths go")}
  sha256 ${sha256}
${next}`;
}
