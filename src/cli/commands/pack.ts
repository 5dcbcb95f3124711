import { type Command, InvalidArgumentError, Option } from "commander";
import { EnvpackError } from "../../errors.js";
import type { PackOptions } from "../../pack.js";
import { previewJson, previewText } from "../dry-run.js";
import { keepHeapSmall } from "../heap.js";
import { collect, jsonOption, parseInteger, quietOption, threadsOption } from "../options.js";
import { packJson, packText } from "../pack-summary.js";
import { withProgress } from "../progress-bar.js";
import type { Session } from "../session.js";

type Rule = NonNullable<PackOptions["rules"]>[number];
type Format = NonNullable<PackOptions["format"]>;

/** What --format takes, and what it means; "infer" leaves it to the output's name. */
const FORMATS = new Map<string, Format | undefined>([
  ["infer", undefined],
  ["tar.zst", "tar.zst"],
  ["tzst", "tar.zst"],
  ["tar.gz", "tar.gz"],
  ["tgz", "tar.gz"],
  ["tar", "tar"],
  ["zip", "zip"],
  ["squashfs", "squashfs"],
]);

interface Flags {
  readonly prefix?: string;
  readonly name?: string;
  readonly output?: string;
  readonly format?: string;
  readonly for?: "yarn";
  readonly node?: string;
  readonly omit?: readonly "dev"[];
  readonly includeSecret?: readonly string[];
  readonly links?: "bring" | "refuse";
  readonly sign?: string;
  readonly detachSign?: string;
  readonly destPrefix?: string;
  readonly zipSymlinks?: boolean;
  readonly arcroot?: string;
  readonly reuse?: string | boolean;
  readonly compressLevel?: number;
  readonly nThreads?: number;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Patterns are those of a .gitignore, matched against paths from the project's folder.

Examples:
  envpack pack                               the project of the current folder
  envpack pack ../shop -o shop.tar.gz
  envpack pack --omit dev --exclude '*.map'  a name at any depth
  envpack pack --exclude docs/ --include /docs/index.html
  envpack pack -n v22                        the newest Node 22 of nvm, fnm, Volta, mise, asdf or n, with its global packages
  envpack pack -p ~/.npm-global
  envpack pack -o shop.squashfs              to be mounted (with squashfs-tools 4.5 or later)
  envpack pack --for yarn                    NAME-DIGEST.tar.gz, to be delivered
  envpack pack --dry-run                     what would go in, with sizes
  envpack pack -o - | ssh worker 'cd /srv && tar -x --zstd -f -'`;

/** `envpack pack [PATH]` */
export function addPack(program: Command, session: Session): void {
  const rules: Rule[] = [];
  const rule = (action: Rule["action"]) => (pattern: string) => rules.push({ action, pattern });
  program
    .command("pack")
    .summary("write an archive")
    .description("Packs the project of PATH (by default the current folder) with the Node.js that runs it.")
    .argument("[path]", "the project's folder")
    .option("-p, --prefix <folder>", "instead of a project: a runtime, nodeenv, conda prefix, or a manager's global folder")
    .option("-n, --name <version>", "instead of a project: a runtime that a version manager installed, as v22 or 22.11.0")
    .option("-o, --output <file>", "the archive; - is stdout (default: NAME-VERSION-PLATFORM-ARCH.tar.zst)")
    .addOption(new Option("--format <format>", "the archive's format (default: what the output's name ends in)").choices([...FORMATS.keys()]))
    .addOption(new Option("--for <engine>", "make NAME-DIGEST.tar.gz, which YARN extracts and runs as it is; -o may name a folder").choices(["yarn"]))
    .option("--node <which>", "the runtime: current, none, a version, or the path of a node (default: current; of a prefix its own)")
    .addOption(new Option("--exclude <pattern>", "leave out what matches (repeatable); of --exclude and --include the last match wins").argParser(rule("exclude")))
    .addOption(new Option("--include <pattern>", "keep what matches (repeatable)").argParser(rule("include")))
    .addOption(new Option("--omit <kind>", "leave out dependencies of a kind: dev").argParser(parseOmit))
    .option("--include-secret <path>", "keep a file that is left out as a secret (repeatable)", collect)
    .addOption(new Option("--links <what>", "links to packages outside the environment: bring them in, or refuse").choices(["bring", "refuse"]))
    .option("--sign <key>", "sign the archive with an Ed25519 private key (PEM or OpenSSH)")
    .option("--detach-sign <key>", "the same, with the signature in a file of its own, OUTPUT.sig")
    .option("--dest-prefix <folder>", "write the paths of this folder, where the archive will be restored, into files that name the old one")
    .option("--zip-symlinks", "in a zip: keep links as links (default: copies, since many readers of zips know none)")
    .option("--arcroot <folder>", "put everything into a folder of the archive")
    .option("--reuse <archive>", "take what has not changed from an earlier archive (default: from the one that --force replaces)")
    .option("--no-reuse", "pack everything afresh, and remember nothing for next time")
    .option("--compress-level <n>", "the codec's compression level", parseInteger)
    .addOption(threadsOption())
    .option("--dry-run", "show what would go in and what not, and write nothing")
    .option("-f, --force", "replace an existing archive")
    .addOption(quietOption())
    .addOption(jsonOption())
    .addHelpText("after", EXAMPLES)
    .action((path: string | undefined, flags: Flags) => packOrPreview(session, flags, path, rules));
}

async function packOrPreview(session: Session, flags: Flags, path: string | undefined, rules: readonly Rule[]): Promise<void> {
  checkStdout(session, flags);
  // Loaded here: the tool that travels inside an environment goes without it.
  const { pack, planPack } = await import("../../pack.js");
  const options = (onProgress: PackOptions["onProgress"]): PackOptions => ({
    path,
    prefix: flags.prefix,
    runtimeName: flags.name,
    output: flags.output === "-" ? session.stdout : flags.output,
    format: flags.format === undefined ? undefined : FORMATS.get(flags.format),
    engine: flags.for,
    node: flags.node,
    rules,
    omit: flags.omit,
    links: flags.links,
    destPrefix: flags.destPrefix,
    includeSecrets: flags.includeSecret,
    reuse: reuseOf(flags),
    level: flags.compressLevel,
    threads: flags.nThreads,
    force: flags.force,
    sign: flags.sign,
    detachSign: flags.detachSign,
    zipSymlinks: flags.zipSymlinks,
    arcroot: flags.arcroot,
    signal: session.interrupts.catch(),
    onProgress: keepHeapSmall(onProgress),
  });
  const began = performance.now();
  if (flags.dryRun) {
    const preview = await withProgress(session, flags.quiet, (onProgress) => planPack(options(onProgress)));
    if (flags.json) await session.writeJson(previewJson(preview));
    else await session.writeData(previewText(preview));
    return;
  }
  const result = await withProgress(session, flags.quiet, (onProgress) => pack(options(onProgress)));
  const seconds = (performance.now() - began) / 1000;
  if (flags.json) await session.writeJson(packJson(result, seconds));
  else if (!flags.quiet) session.say(packText(result, seconds, flags.for));
}

/** commander gives `true` where neither --reuse nor --no-reuse was given. */
function reuseOf({ reuse }: Flags): string | false | undefined {
  return typeof reuse === "string" || reuse === false ? reuse : undefined;
}

function checkStdout(session: Session, { output, dryRun, json }: Flags): void {
  if (output !== "-" || dryRun) return;
  if (json) {
    throw new EnvpackError("USAGE", "both the archive and --json want stdout", { hint: "name a file with -o" });
  }
  if (session.stdout.isTTY) {
    throw new EnvpackError("USAGE", "an archive is not written to a terminal", {
      hint: "name a file with -o, or pipe the output into another command",
    });
  }
}

function parseOmit(kind: string): "dev"[] {
  if (kind !== "dev") throw new InvalidArgumentError('it can be "dev" only');
  return [kind];
}
