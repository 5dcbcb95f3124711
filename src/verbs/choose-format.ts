import { endingsText, formatOf, formatOfName, type Format, type PackFormat } from "../archive/formats.js";
import { EnvpackError } from "../support/errors.js";

/** What is known of a format before anything is written. */
export interface FormatWish<Name extends PackFormat> {
  /** What the user named. */
  readonly format?: Name;
  /** The output's name; null of a stream, or where none was given. */
  readonly file: string | null;
  /** What can be written here. */
  readonly takes: (format: Format) => format is Extract<Format, { readonly name: Name }>;
  readonly otherwise: Name;
}

/**
 * The format that was named, else that of the output's name, else the usual one.
 *
 * @throws EnvpackError USAGE where the name has none of the endings, or another format's
 */
export function chooseFormat<Name extends PackFormat>({ format, file, takes, otherwise }: FormatWish<Name>): Name {
  const ending = file === null ? null : formatOfName(file);
  if (format !== undefined) {
    if (file === null || ending === null || ending === format) return format;
    const [usual] = formatOf(format).endings;
    const how = usual === undefined ? "end the folder's name in a slash" : `end the name in ${usual}`;
    throw new EnvpackError("USAGE", `the output's name says ${ending}, and the format is to be ${format}`, {
      path: file,
      hint: `${how}, or leave --format away`,
    });
  }
  if (file === null) return otherwise;
  const named = ending === null ? null : formatOf(ending);
  if (named !== null && takes(named)) return named.name;
  throw new EnvpackError(
    "USAGE",
    named === null ? "the output's name has none of the known endings" : `a ${named.name} cannot be written here`,
    {
      path: file,
      hint: `end it in ${endingsText(takes)}${named === null ? ", or name a format" : ""}`,
    },
  );
}
