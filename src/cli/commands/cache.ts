import { type Command, InvalidArgumentError, Option } from "commander";
import { parseAge } from "../../verbs/cache.js";
import { cacheText, cleanText } from "../cache-text.js";
import { notes } from "../help.js";
import { jsonOption, quietOption } from "../options.js";
import type { Session } from "../session.js";

interface CleanFlags {
  readonly olderThan?: number;
  readonly all?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

const HELP = `
The cache is $XDG_CACHE_HOME/envpack, or ~/.cache/envpack. It holds the packages of Node.js and npm that --node VERSION
brought, what the registry said of them, and what is remembered of archives so that unchanged parts are taken over.
Without it all works as well, only slower. What is over a size or an age goes by itself, the longest unused first:
ENVPACK_CACHE_SIZE (2GB) and ENVPACK_CACHE_AGE (90d) say which. Restored copies that a killed \`envpack run ARCHIVE\` left
are listed and cleared too. What a running envpack uses stays.

Examples:
  envpack cache
  envpack cache clean                     all that is not in use
  envpack cache clean --older-than 30d`;

/** `envpack cache`, `envpack cache clean` */
export function addCache(program: Command, session: Session): void {
  const command = program
    .command("cache")
    .summary("what envpack keeps for this user, and clearing it")
    .description("Lists what lies in envpack's cache: what it is, its size, its last use.")
    .addOption(jsonOption())
    .addHelpText("after", notes(HELP))
    .action((flags: { readonly json?: boolean }) => show(session, flags.json === true));
  command
    .command("clean")
    .summary("clear the cache of what is not in use")
    .description("Clears envpack's cache of all that is not in use.")
    .addOption(new Option("--older-than <age>", "only what was not used for so long: 12h, 30d, 8w").argParser(readAge))
    .option("--all", "also what lies there and was not made by envpack")
    .addOption(quietOption())
    .addOption(jsonOption())
    // An option that both commands have is the outer one's.
    .action((_flags: CleanFlags, self: Command) => clean(session, self.optsWithGlobals()));
}

function readAge(text: string): number {
  const age = parseAge(text);
  if (age === null) throw new InvalidArgumentError("write it as 12h, 30d or 8w");
  return age;
}

async function show(session: Session, json: boolean): Promise<void> {
  const { listCache } = await import("../../verbs/cache.js");
  const listing = await listCache();
  if (json) await session.writeJson("cache", { ...listing, entries: listing.entries.map(withTime) });
  else await session.writeData(`${cacheText(listing, Date.now())}\n`);
}

async function clean(session: Session, { olderThan, all, quiet, json }: CleanFlags): Promise<void> {
  const { cleanCache } = await import("../../verbs/cache.js");
  const result = await cleanCache({ olderThan, all, signal: session.interrupts.catch() });
  if (json) await session.writeJson("cache clean", { ...result, removed: result.removed.map(withTime), kept: result.kept.map(withTime) });
  else if (!quiet) session.say(cleanText(result));
}

/** The time as text: programs of every language read it. */
function withTime<T extends { readonly lastUse: number }>(entry: T): Omit<T, "lastUse"> & { lastUse: string } {
  return { ...entry, lastUse: new Date(entry.lastUse).toISOString() };
}
