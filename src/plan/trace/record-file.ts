import { readFileSync } from "node:fs";
import { list, nullable, oneOf, record, ShapeError, text, type Shape } from "../../manifest/shape.js";
import { EnvpackError } from "../../support/errors.js";

/** The version of the file that `envpack record` writes. */
export const RECORD_VERSION = 1;

/** How a run touched a file: "asked" is stat and its like. */
export type Touch = "resolved" | "asked" | "opened" | "started";

/** Which environment a run was recorded in. */
export interface RecordedEnvironment {
  readonly name: string;
  readonly version: string | null;
  /** SHA-256 of its lockfile, in hex; null: it has none. */
  readonly lock: string | null;
}

/** What a run touched of an environment. */
export interface RunRecord {
  readonly envpackRecord: typeof RECORD_VERSION;
  readonly environment: RecordedEnvironment;
  /** What looked: "hooks" in Node.js, "strace" at all programs. */
  readonly by: readonly ("hooks" | "strace")[];
  /** Sorted by path. */
  readonly files: readonly RecordedFile[];
}

export interface RecordedFile {
  /** Relative to the environment's root, parts joined by "/"; of a linked package outside it begins with "..". */
  readonly path: string;
  readonly how: readonly Touch[];
}

const version: Shape<typeof RECORD_VERSION> = (value, where) => {
  if (value === RECORD_VERSION) return RECORD_VERSION;
  throw new ShapeError(`${where} is ${String(value)}, and this envpack reads ${RECORD_VERSION}`);
};

const shape = record<RunRecord>({
  envpackRecord: version,
  environment: record({ name: text(), version: nullable(text()), lock: nullable(text(64)) }),
  by: list(oneOf("hooks", "strace")),
  files: list(record<RecordedFile>({ path: text(4096), how: list(oneOf("resolved", "asked", "opened", "started")) })),
});

export function encodeRecord(made: RunRecord): string {
  const files = made.files.map((file) => `    ${JSON.stringify(file)}`).join(",\n");
  return `${JSON.stringify({ ...made, files: [] }, null, 2).replace(/"files": \[\]/, () => `"files": [\n${files}\n  ]`)}\n`;
}

/**
 * Reads a record, and makes sure that it was made in this environment.
 *
 * @throws EnvpackError RECORD_INVALID
 */
export function readRecord(path: string, environment: RecordedEnvironment): RunRecord {
  const again = "record again: `envpack record -o FILE -- COMMAND`";
  const found = parseRecord(path, again);
  const { name, version: its, lock } = found.environment;
  const same =
    lock !== null && environment.lock !== null ? lock === environment.lock : name === environment.name && its === environment.version;
  if (same && name === environment.name) return found;
  const which =
    name === environment.name ? "of other packages: the lockfile has changed since" : `of another environment, ${name} ${its ?? ""}`.trim();
  throw new EnvpackError("RECORD_INVALID", `the record is ${which}`, { path, hint: again });
}

function parseRecord(path: string, hint: string): RunRecord {
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (error) {
    throw new EnvpackError("RECORD_INVALID", `the record cannot be read (${(error as NodeJS.ErrnoException).code ?? "?"})`, {
      path,
      hint,
      cause: error,
    });
  }
  try {
    return shape(JSON.parse(content), "the record");
  } catch (error) {
    const why = error instanceof ShapeError ? error.message : "it is not JSON";
    throw new EnvpackError("RECORD_INVALID", `this is no record of a run: ${why}`, { path, hint, cause: error });
  }
}
