import { type Command, InvalidArgumentError, Option } from "commander";
import { EnvpackError } from "../support/errors.js";
import type { CommonOptions } from "../support/options.js";
import type { SignatureOptions } from "../inspect/signature-files.js";
import { REQUIRED } from "../evidence/provenance/require.js";
import type { RequireOptions } from "../verbs/unpack.js";
import { suggest } from "./completion/suggest.js";
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
    .addOption(
      new Option("--verify-key <file>", "refuse an archive that this public key did not sign (repeatable: any of them)").argParser(collect),
    )
    .option("--signature <file>", "a detached signature (default: ARCHIVE.sig, where there is one)");
}

export function signatureOptions({ verifyKey, signature }: SignatureFlags): SignatureOptions {
  return { verifyKeys: verifyKey, signature };
}

/** The options of commands that read an archive from end to end. */
export interface ReadingFlags extends SignatureFlags {
  readonly require?: RequireOptions["require"];
  readonly expect?: string;
  readonly nThreads?: number;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

export function addReadingOptions(command: Command): Command {
  return addSignatureOptions(command)
    .addOption(
      suggest(
        new Option(
          "--require <what>",
          "refuse an archive without: signature, provenance, proof (a list with commas), signed by --verify-key",
        ).argParser(parseRequired),
        REQUIRED,
      ),
    )
    .option("--expect <name@range>", "refuse an archive of another name or version, as shop@^1.4")
    .addOption(threadsOption())
    .addOption(quietOption())
    .addOption(jsonOption());
}

export function readingOptions(flags: ReadingFlags, session: Session): SignatureOptions & RequireOptions & CommonOptions {
  return {
    ...signatureOptions(flags),
    require: flags.require,
    expect: flags.expect,
    threads: flags.nThreads,
    signal: session.interrupts.catch(),
  };
}

function parseRequired(text: string, before: RequireOptions["require"]): RequireOptions["require"] {
  const words = text.split(",");
  const found = REQUIRED.filter((one) => words.includes(one));
  if (found.length !== new Set(words).size) throw new InvalidArgumentError(`it can be ${REQUIRED.join(", ")}`);
  return [...(before ?? []), ...found];
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
  throw new EnvpackError("USAGE", "only unpack and verify read an archive from stdin", {
    hint: "write it to a file first (one named - is ./-)",
  });
}
