import { type Command, InvalidArgumentError, Option } from "commander";
import { EnvpackError } from "../errors.js";
import type { CommonOptions } from "../options.js";
import type { SignatureOptions } from "../signatures.js";
import type { Session } from "./session.js";

/** Options that several commands have; each is written once. */
export const quietOption = (): Option => new Option("-q, --quiet", "print errors only");
export const jsonOption = (): Option => new Option("--json", "print the result as JSON");

export function threadsOption(): Option {
  const option = new Option("-j, --n-threads <n>", "worker threads; -1 is one a processor (the default)");
  return option.argParser(parseThreads);
}

/** What commands that read an archive can be told of its signature. */
export interface SignatureFlags {
  readonly verifyKey?: readonly string[];
  readonly signature?: string;
}

export function addSignatureOptions(command: Command): Command {
  return command
    .addOption(new Option("--verify-key <file>", "refuse an archive that this public key did not sign (repeatable: any of them)").argParser(collect))
    .option("--signature <file>", "a detached signature (default: ARCHIVE.sig, where there is one)");
}

export function signatureOptions({ verifyKey, signature }: SignatureFlags): SignatureOptions {
  return { verifyKeys: verifyKey, signature };
}

/** The options of commands that read an archive from end to end. */
export interface ReadingFlags extends SignatureFlags {
  readonly nThreads?: number;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

export function addReadingOptions(command: Command): Command {
  return addSignatureOptions(command).addOption(threadsOption()).addOption(quietOption()).addOption(jsonOption());
}

export function readingOptions(flags: ReadingFlags, session: Session): SignatureOptions & CommonOptions {
  return { ...signatureOptions(flags), threads: flags.nThreads, signal: session.interrupts.catch() };
}

/** A number of threads; undefined for "as many as there are processors". */
function parseThreads(text: string): number | undefined {
  const count = parseInteger(text);
  if (count === -1) return undefined;
  if (count < 1 || count > 1024) throw new InvalidArgumentError("it is a number from 1 to 1024, or -1 for all processors");
  return count;
}

/** A whole number in decimal digits. */
export function parseInteger(text: string): number {
  if (!/^[+-]?\d{1,9}$/.test(text)) throw new InvalidArgumentError("it is not a whole number");
  return Number(text);
}

/** Adds a value of a repeatable option to those before it. */
export function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** The archive or environment that a command works on: the one that was named, else the tool's own. */
export function namedOrOwn(path: string | undefined, session: Session): string {
  const chosen = path ?? session.environment;
  if (chosen !== undefined) return chosen;
  throw new EnvpackError("USAGE", "no archive or environment was named", {
    hint: "name an archive, or the folder that one was restored to",
  });
}

/** The same, of commands that read here and there in an archive, which no stream lets them. */
export function fileOrOwn(path: string | undefined, session: Session): string {
  const chosen = namedOrOwn(path, session);
  if (chosen !== "-") return chosen;
  throw new EnvpackError("USAGE", "only unpack and verify read an archive from stdin", { hint: "write it to a file first (one named - is ./-)" });
}
