import * as v from "valibot";
import { EnvpackError, explainError } from "../support/errors.js";
import { nearest } from "../support/nearest.js";
import { SCHEMAS, type VerbName } from "./schemas.js";

/**
 * Runs a verb of the API: looks at its options first, and makes sure that nothing but an EnvpackError
 * tells of what a caller did wrong, or of an abort.
 *
 * @throws EnvpackError USAGE naming the option and what it takes, INTERRUPTED where the signal was
 *   aborted, whatever its reason, and what the verb throws
 */
export async function callVerb<Options extends object, Result>(
  name: VerbName,
  options: Options,
  work: (options: Options) => Promise<Result>,
): Promise<Result> {
  checkOptions(name, options);
  const { signal } = options as { readonly signal?: AbortSignal };
  const isAborted = (): boolean => signal?.aborted === true;
  if (isAborted()) throw interrupted(signal?.reason);
  try {
    return await work(options);
  } catch (error) {
    if (isAborted()) throw interrupted(error);
    throw explainError(error, "the work stopped");
  }
}

function interrupted(cause: unknown): EnvpackError {
  return cause instanceof EnvpackError && cause.code === "INTERRUPTED" ? cause : new EnvpackError("INTERRUPTED", "interrupted", { cause });
}

/** @throws EnvpackError USAGE */
export function checkOptions(verb: VerbName, options: unknown): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw refusal(verb, `takes one object of options, not ${describeValue(options)}`, exampleOf(verb));
  }
  const schema = SCHEMAS[verb];
  const result = v.safeParse(schema, options, { abortEarly: true });
  if (result.success) return;
  const [issue] = result.issues;
  const [first] = issue.path ?? [];
  const known = Object.keys(schema.entries);
  if (first !== undefined && !known.includes(String(first.key))) throw unknownOption(verb, String(first.key), known);
  throw badOption(verb, issue);
}

function refusal(verb: VerbName, what: string, hint: string): EnvpackError {
  return new EnvpackError("USAGE", `${verb}: ${what}`, { hint });
}

function unknownOption(verb: VerbName, key: string, known: readonly string[]): EnvpackError {
  const near = nearest(key, known);
  const hint = near === null ? `the options are ${known.join(", ")}` : `did you mean \`${near}\`?`;
  return refusal(verb, `there is no option \`${key}\``, hint);
}

/** "`rules[0].action`" */
function nameOf(steps: readonly { readonly key?: unknown }[]): string {
  const text = steps.map(({ key }) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
  return `\`${text.replace(/^\./, "")}\``;
}

function badOption(verb: VerbName, { type, expected, message, input, path: found }: v.BaseIssue<unknown>): EnvpackError {
  const steps: readonly { readonly key?: unknown }[] = found ?? [];
  const name = nameOf(steps);
  const isKey = type === "strict_object";
  if (isKey && expected === "never") return refusal(verb, `there is no ${name}`, `${nameOf(steps.slice(0, -1))} takes ${message}`);
  if (isKey && steps.length > 1 && input === undefined)
    return refusal(verb, `${name} is missing`, `${nameOf(steps.slice(0, -1))} takes ${message}`);
  if (input === undefined)
    return refusal(verb, `the option ${name} is missing`, `it takes ${isKey ? takenBy(verb, String(steps[0]?.key)) : message}`);
  return refusal(verb, `the option ${name} is ${describeValue(input)}`, `it takes ${message}`);
}

/** Where a key is missing the issue is that of the whole object, and the key's own schema knows what it takes. */
function takenBy(verb: VerbName, key: string): string {
  const schema = entriesOf(verb).find(([name]) => name === key)?.[1];
  const message = schema !== undefined && "message" in schema ? schema.message : undefined;
  return typeof message === "string" ? message : "a value";
}

function entriesOf(verb: VerbName): [string, v.GenericSchema][] {
  return Object.entries<v.GenericSchema>(SCHEMAS[verb].entries);
}

function exampleOf(verb: VerbName): string {
  const required = entriesOf(verb).find(([, schema]) => schema.type !== "optional");
  return `${verb}({ ${required?.[0] ?? "path"}: … })`;
}

/** A value in a few words: what a caller handed over may be long, or no text at all. */
function describeValue(value: unknown): string {
  if (typeof value === "string") return value.length > 60 ? `${JSON.stringify(value.slice(0, 60))}…` : JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}
