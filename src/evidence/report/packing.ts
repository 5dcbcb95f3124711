import { count, list, nullable, ShapeError, type Shape } from "../../manifest/shape.js";
import { EnvpackError } from "../../support/errors.js";

/** What `envpack pack --json` told and the archive does not hold. */
export interface PackingFacts {
  readonly leftOut: readonly {
    readonly reason: string;
    readonly path: string;
    readonly files: number | null;
    readonly bytes: number | null;
  }[];
  /** Files that name a folder of the packing machine that did not go in. */
  readonly residuals: readonly { readonly file: string; readonly why: string }[];
  readonly notices: readonly string[];
}

const HINT = "write it while packing: `envpack pack --json > pack.json`";

/**
 * Reads what `envpack pack --json` printed; of several archives, an object a line.
 *
 * @param sha256 of the archive that it has to be about
 * @param path for messages
 * @throws EnvpackError REPORT_INVALID
 */
export function readPacking(text: string, sha256: string, path: string): PackingFacts {
  const refuse = (why: string, cause?: unknown): EnvpackError =>
    new EnvpackError("REPORT_INVALID", `not what envpack pack --json printed of this archive: ${why}`, { path, hint: HINT, cause });
  const results = parseAll(text);
  if (results.length === 0) throw refuse("it is no JSON");
  const own = results.map(fieldsOf).find((one) => one.sha256 === sha256);
  if (own === undefined)
    throw refuse(results.some((one) => fieldsOf(one).sha256 !== undefined) ? "it is about another one" : "it names no digest");
  try {
    return {
      leftOut: list(leftOut)(own.leftOut, "leftOut"),
      residuals: list(residual)(own.residuals, "residuals"),
      notices: list(notice)(own.notices, "notices"),
    };
  } catch (error) {
    if (error instanceof ShapeError) throw refuse(error.message, error);
    throw error;
  }
}

function parseAll(text: string): unknown[] {
  const parse = (part: string): unknown[] => {
    try {
      return [JSON.parse(part)];
    } catch {
      return [];
    }
  };
  const whole = parse(text);
  return whole.length > 0 ? whole : text.split("\n").flatMap(parse);
}

const anyText: Shape<string> = (value, where) => {
  if (typeof value === "string") return value;
  throw new ShapeError(`${where} is not a text`);
};

/** Fields that are not asked for may be there: a later envpack tells more. */
const leftOut: Shape<PackingFacts["leftOut"][number]> = (value, where) => {
  const { reason, path, files, bytes } = fieldsOf(value);
  return {
    reason: anyText(reason, `${where}.reason`),
    path: anyText(path, `${where}.path`),
    files: nullable(count)(files, `${where}.files`),
    bytes: nullable(count)(bytes, `${where}.bytes`),
  };
};

const residual: Shape<PackingFacts["residuals"][number]> = (value, where) => {
  const fields = fieldsOf(value);
  const told = [anyText(fields.class, `${where}.class`), anyText(fields.consequence, `${where}.consequence`)];
  return { file: anyText(fields.path, `${where}.path`), why: told.join(": ") };
};

const notice: Shape<string> = (value, where) => anyText(fieldsOf(value).message, `${where}.message`);

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
