import type { Command } from "commander";
import { pathTrouble } from "../../support/path-trouble.js";
import type { UnpackResult } from "../../verbs/unpack.js";
import { escapedWord } from "../escape.js";
import { escapeText } from "../../support/unsafe-text.js";
import type { ProgressListener } from "../../support/progress.js";
import { EXIT } from "../exit-status.js";
import { keepHeapSmall } from "../heap.js";
import { notes } from "../help.js";
import { addReadingOptions, collect, readingOptions, type ReadingFlags } from "../options.js";
import { withProgress } from "../progress-bar.js";
import { formatSeconds } from "../quantities.js";
import { countOf, formatBytes, formatCount } from "../../support/quantities.js";
import type { Session } from "../session.js";
import { withStdin } from "../stdin.js";
import { unfitText } from "../unfit-text.js";

interface Flags extends ReadingFlags {
  readonly force?: boolean;
  readonly discardAdded?: boolean;
  readonly only?: readonly string[];
  readonly forcePlatform?: boolean;
  readonly shared?: boolean;
  readonly onto?: string;
  readonly link?: boolean;
  readonly current?: string;
}

const EXAMPLES = `
Examples:
  envpack unpack shop-1.4.0-linux-x64.tar.zst             into ./shop-1.4.0-linux-x64
  envpack unpack shop-1.4.0-linux-x64.tar.zst /srv/shop
  ssh build cat shop.tar.zst | envpack unpack - /srv/shop
  envpack unpack 1.4-to-1.5.tar.zst /srv/shop-1.5 --onto /srv/shop-1.4 --current /srv/shop

With --onto the old environment stays as it is, and what runs from it goes on. By default unchanged files
are copied (sharing their blocks where the file system can); with --link they take no room, but a
program that writes to one of them changes it in both.

Exit status: 0 done, 3 restored, but places in it still name the folder it was made in: they are listed; 1 refused.`;

/** `envpack unpack ARCHIVE [DIR]` */
export function addUnpack(program: Command, session: Session): void {
  const command = program
    .command("unpack")
    .summary("verify an archive and restore it")
    .description("Verifies ARCHIVE and restores it to DIR: all of it, or nothing.")
    .argument("<archive>", "the archive; - is stdin")
    .argument("[dir]", "the folder to make (default: the archive's name without its ending)")
    .option("-f, --force", "replace an environment of envpack's at DIR, and nothing else")
    .option("--discard-added", "with --force: also one in which files lie that no archive holds")
    .option("--only <pattern>", "restore what matches and nothing else (repeatable)", collect)
    .option("--force-platform", "restore what was made for another platform")
    .option("--shared", "for many at once: one restores DIR, the others wait and use it")
    .option("--onto <old>", "of a layer (envpack layer): the unpacked environment that it was made for")
    .option("--link", "with --onto: unchanged files become hard links of the old ones, instead of copies")
    .option("--current <link>", "when DIR is there, let this symbolic link lead to it, in one step");
  addReadingOptions(command)
    .addHelpText("after", notes(EXAMPLES))
    .action((archive: string, dir: string | undefined, flags: Flags) => restore(session, flags, archive, dir));
}

async function restore(session: Session, flags: Flags, archive: string, target: string | undefined): Promise<void> {
  const { unpack } = await import("../../verbs/unpack.js");
  const began = performance.now();
  const result = await withStdin(session, archive, (source) =>
    withProgress(session, flags.quiet, (onProgress) =>
      unpack({
        archive: source,
        target,
        force: flags.force,
        discardAdded: flags.discardAdded,
        only: flags.only,
        forcePlatform: flags.forcePlatform,
        shared: flags.shared,
        onto: flags.onto,
        link: flags.link,
        current: flags.current,
        ...readingOptions(flags, session),
        onProgress: keepHeapSmall(tellWaiting(session, flags, onProgress)),
      }),
    ),
  );
  if (result.unfit.length > 0) session.status = EXIT.incomplete;
  const seconds = (performance.now() - began) / 1000;
  if (flags.json) await session.writeJson("unpack", { ...result, seconds });
  else if (!flags.quiet) session.say(unpackText(result, seconds));
  else if (result.unfit.length > 0) session.say(unfitText(result.unfit).trimStart());
  const trouble = pathTrouble(result.target);
  if (trouble !== null) session.say(`envpack: warning: ${trouble.message}\nhint: ${trouble.hint}`);
}

/** A wait is told in a line of its own, also where no progress is shown: it may take long. */
function tellWaiting(session: Session, { quiet }: Flags, listener: ProgressListener | undefined): ProgressListener {
  const told = new Set<string>();
  return (progress) => {
    const { stage, detail } = progress;
    if (stage === "waiting" && detail !== undefined && quiet !== true && !told.has(detail)) {
      told.add(detail);
      session.say(`waiting: ${escapeText(detail)}`);
    }
    listener?.(progress);
  };
}

function unpackText(result: UnpackResult, seconds: number): string {
  const { target, manifest, entries, bytes, relocated, unfit, found, reused } = result;
  if (found) return `found ${escapeText(manifest.name)} at ${escapeText(target)}: nothing to restore`;
  const moved = relocated === 0 ? "" : `\n  ${countOf(relocated, "file now names", "files now name")} this place instead of the old one`;
  return `restored ${escapeText(manifest.name)} to ${escapeText(target)}
  ${countOf(entries, "entry", "entries")}, ${formatBytes(bytes)}, every digest checked, in ${formatSeconds(seconds)}${reusedText(reused)}${moved}${unfitText(unfit)}${unmatchedText(result)}${leftText(result)}
next: source ${escapedWord(`${target}/bin/activate`)}, or ${escapedWord(`${target}/bin/envpack`)} run COMMAND`;
}

function unmatchedText({ unmatched }: UnpackResult): string {
  return unmatched.length === 0 ? "" : `\n  nothing matched ${unmatched.map((pattern) => escapeText(pattern)).join(", ")}`;
}

function leftText({ left }: UnpackResult): string {
  return left.map(({ path, reason }) => `\n  left behind: ${escapeText(path)} (${escapeText(reason)})`).join("");
}

function reusedText({ files, linked }: UnpackResult["reused"]): string {
  if (files === 0) return "";
  const how = linked === 0 ? "" : `, ${linked === files ? "all" : formatCount(linked)} as hard links`;
  return `\n  ${countOf(files, "file", "files")} of the old environment${how}`;
}
