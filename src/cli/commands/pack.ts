import type { Command } from "commander";
import { EnvpackError } from "../../support/errors.js";
import { FORMAT_NAMES } from "../../archive/formats.js";
import { isOneImage } from "../../verbs/image/words.js";
import type { PackOptions, PackResult } from "../../verbs/pack/pack.js";
import { escapedWord } from "../escape.js";
import { EXIT } from "../exit-status.js";
import { isProject } from "../habits.js";
import { previewJson, previewText } from "../dry-run.js";
import { keepHeapSmall } from "../heap.js";
import { notes } from "../help.js";
import { imageOptions, type ImageFlags } from "../image-options.js";
import { packOptions, type Rule } from "../pack-options.js";
import { forEachPlatform } from "../pack-platforms.js";
import { packJson, packText } from "../pack-summary.js";
import { withProgress } from "../progress-bar.js";
import type { Session } from "../session.js";
import { unfitText } from "../unfit-text.js";

interface Flags extends ImageFlags {
  readonly prefix?: string;
  readonly name?: string;
  readonly output?: string;
  readonly format?: string;
  readonly for?: "yarn";
  readonly node?: string;
  readonly omit?: PackOptions["omit"];
  readonly includeSecret?: readonly string[];
  readonly links?: "bring" | "refuse";
  readonly ignoreLock?: boolean;
  readonly forcePlatform?: boolean;
  readonly platform?: readonly string[];
  readonly prebuilt?: PackOptions["prebuilt"];
  readonly sign?: string;
  readonly detachSign?: string;
  readonly sbom?: PackOptions["sbom"] | true;
  readonly sha256?: boolean;
  readonly provenance?: boolean;
  readonly destPrefix?: string;
  readonly zipSymlinks?: boolean;
  readonly arcroot?: string;
  readonly parcelName?: string;
  readonly parcelVersion?: string;
  readonly parcelDistro?: string;
  readonly parcelRoot?: string;
  readonly reuse?: string | boolean;
  readonly compressLevel?: number;
  readonly nThreads?: number;
  readonly dockerfile?: boolean;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly discardAdded?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
  readonly slim?: PackOptions["slim"];
  readonly keep?: readonly string[];
  readonly trace?: readonly string[];
  readonly record?: readonly string[];
  readonly prove?: boolean;
  readonly listen?: readonly string[];
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
  envpack pack -o shop.sh                    a script that restores itself: ./shop.sh DIR
  envpack pack -o shop.squashfs              to be mounted (with squashfs-tools 4.5 or later)
  envpack pack -o shop-env/                  a folder that runs where it lies
  envpack pack --format parcel -o repo/      for Cloudera Manager: NAME-VERSION-DISTRO.parcel and its .sha
  envpack pack --for yarn                    NAME-DIGEST.tar.gz, to be delivered
  envpack pack --platform linux-x64,linux-arm64 -o out/
  envpack pack --platform linux-x64,linux-arm64 --image ghcr.io/acme/shop:1.4.0      one image for both
  envpack pack --dry-run                     what would go in, with sizes
  envpack pack -o - | ssh worker 'cd /srv && tar -x --zstd -f -'`;

/** `envpack pack [PATH]` */
export function addPack(program: Command, session: Session): void {
  const rules: Rule[] = [];
  const command = program
    .command("pack")
    .summary("write an archive")
    .description("Packs the project of PATH with the Node.js that runs it.")
    .argument("[path]", "the project's folder (default: the current one)")
    .addHelpText("after", notes(EXAMPLES))
    .action((path: string | undefined, flags: Flags) => packOrPreview(session, flags, path, rules));
  for (const option of packOptions(rules)) command.addOption(option);
}

async function packOrPreview(session: Session, flags: Flags, path: string | undefined, rules: readonly Rule[]): Promise<void> {
  checkStdout(session, flags);
  // Loaded here: the tool that travels inside an environment goes without it.
  const { checkPlatforms, pack, packForPlatforms, planDockerfile, planPack } = await import("../../verbs/pack/pack.js");
  const verb = flags.prove === true ? (await import("../../verbs/pack-proved.js")).packProved : (one: PackOptions) => pack(one);
  checkPlatforms(flags.platform ?? []);
  const options = optionsOf(session, flags, path, rules);
  const began = performance.now();
  const work = <Result>(verb: (options: PackOptions) => Promise<Result>, one: PackOptions): Promise<Result> =>
    withProgress(session, flags.quiet, (onProgress) => verb({ ...one, onProgress: keepHeapSmall(onProgress) })).catch((error: unknown) => {
      throw hintProject(error, flags);
    });
  if (flags.dockerfile) return void (await session.writeData(await work(planDockerfile, options)));
  if (flags.dryRun) {
    const previews = await forEachPlatform(options, flags.platform, (one) => work(planPack, one), false);
    if (!flags.json) await session.writeData(previews.map(previewText).join("\n"));
    else for (const preview of previews) await session.writeJson("pack --dry-run", previewJson(preview));
    return;
  }
  let before = began;
  const tell = async (result: PackResult): Promise<void> => {
    if (result.unfit.length > 0) session.status = EXIT.incomplete;
    const now = performance.now();
    const seconds = (now - before) / 1000;
    before = now;
    if (flags.json) await session.writeJson("pack", packJson(result, seconds));
    else if (!flags.quiet) session.say(packText(result, seconds, flags.for));
    else if (result.unfit.length > 0) session.say(unfitText(result.unfit).trimStart());
  };
  const platforms = flags.platform ?? [];
  if (platforms.length > 1 && isOneImage(options) && flags.prove !== true)
    for (const result of await work((all) => packForPlatforms({ ...all, platforms }), options)) await tell(result);
  else await forEachPlatform(options, flags.platform, async (one) => tell(await work(verb, one)), true);
}

/** What the flags ask of the verb; progress comes with the work. */
function optionsOf(session: Session, flags: Flags, path: string | undefined, rules: readonly Rule[]): PackOptions {
  return {
    path,
    prefix: flags.prefix,
    runtimeName: flags.name,
    output: flags.output === "-" ? session.stdout : flags.output,
    format: flags.format === undefined ? undefined : FORMAT_NAMES.get(flags.format),
    engine: flags.for,
    node: flags.node,
    rules,
    omit: flags.omit,
    links: flags.links,
    ignoreLock: flags.ignoreLock,
    forcePlatform: flags.forcePlatform,
    prebuilt: flags.prebuilt,
    destPrefix: flags.destPrefix,
    includeSecrets: flags.includeSecret,
    reuse: reuseOf(flags),
    level: flags.compressLevel,
    threads: flags.nThreads,
    force: flags.force,
    discardAdded: flags.discardAdded,
    sign: flags.sign,
    detachSign: flags.detachSign,
    sbom: flags.sbom === true ? "cyclonedx" : flags.sbom,
    checksum: flags.sha256,
    provenance: flags.provenance,
    zipSymlinks: flags.zipSymlinks,
    arcroot: flags.arcroot,
    parcelName: flags.parcelName,
    parcelVersion: flags.parcelVersion,
    parcelDistro: flags.parcelDistro,
    parcelRoot: flags.parcelRoot,
    image: imageOptions(flags, flags.image),
    slim: flags.slim,
    keep: flags.keep,
    trace: flags.trace,
    records: flags.record,
    proveTrace: flags.prove,
    listen: flags.listen,
    signal: session.interrupts.catch(),
  };
}

/** Who comes from conda-pack names a project by -p or -n. */
function hintProject(error: unknown, { prefix, name }: Flags): unknown {
  const folder = prefix ?? name;
  if (!(error instanceof EnvpackError) || folder === undefined || !isProject(folder)) return error;
  if (!(prefix === undefined ? ["RUNTIME_NOT_FOUND", "USAGE"] : ["NOT_AN_ENVIRONMENT"]).includes(error.code)) return error;
  return new EnvpackError(error.code, error.message, {
    path: error.path,
    hint: `it is a project: \`envpack pack ${escapedWord(folder)}\``,
    cause: error,
  });
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
