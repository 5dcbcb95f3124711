import * as v from "valibot";

/**
 * What options may hold. A schema's message says what the option takes, as the end of the sentence
 * "the option `x` takes …".
 */
export type Kind<T> = v.CustomSchema<T, v.ErrorMessage<v.CustomIssue> | undefined>;

function kind<T>(takes: string, test: (value: unknown) => boolean): Kind<T> {
  return v.custom<T>(test, takes);
}

/** A text that can be handed to the system: it is not empty, and holds no NUL. */
const isText = (value: unknown): boolean => typeof value === "string" && value !== "" && !value.includes("\0");
const hasMethods = (value: unknown, ...names: readonly string[]): boolean =>
  typeof value === "object" && value !== null && names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
const isReadable = (value: unknown): boolean => hasMethods(value, "pipe", "on", "destroy");
const isWritable = (value: unknown): boolean => hasMethods(value, "write", "end", "on");
const isWhole = (value: unknown, least: number, most: number): boolean =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most;

export const text = (takes = "a text that is not empty"): Kind<string> => kind(takes, isText);
/** A text that may be empty: an argument, the value of a variable. */
const anyText = (takes: string): Kind<string> => kind(takes, (value) => typeof value === "string" && !value.includes("\0"));
/** A text of a form of its own. */
export const textOf = (takes: string, test: (value: string) => boolean): Kind<string> =>
  kind(takes, (value) => isText(value) && test(value as string));
export const path = text("a path");
export const flag = kind<boolean>("true or false", (value) => typeof value === "boolean");
export const whole = (least: number, most: number): Kind<number> =>
  kind(`a whole number from ${least} to ${most}`, (value) => isWhole(value, least, most));

export function oneOf<const T extends string>(...values: readonly T[]): Kind<T> {
  const named = values.map((value) => JSON.stringify(value));
  const takes = named.length === 1 ? `${named[0]} only` : `one of ${named.join(", ")}`;
  return kind(takes, (value) => (values as readonly unknown[]).includes(value));
}

export const readable = kind<string | NodeJS.ReadableStream>("a path or a readable stream", (value) => isText(value) || isReadable(value));
export const writable = kind<string | NodeJS.WritableStream>("a path or a writable stream", (value) => isText(value) || isWritable(value));
export const pathOrNone = kind<string | false>("a path, or false", (value) => value === false || isText(value));
export const callback = kind<(...values: never[]) => void>("a function", (value) => typeof value === "function");
export const signal = kind<AbortSignal>(
  "an AbortSignal",
  (value) => hasMethods(value, "addEventListener", "removeEventListener") && typeof (value as AbortSignal).aborted === "boolean",
);
export const variables = kind<NodeJS.ProcessEnv>(
  "an object of texts",
  (value) =>
    typeof value === "object" &&
    value !== null &&
    Object.values(value).every((one) => one === undefined || (typeof one === "string" && !one.includes("\0"))),
);
export const argument = anyText("a text without NUL");

/** One text, or a list of them. */
export const textOrTexts = (takes: string): Kind<string | readonly string[]> =>
  kind(takes, (value) => isText(value) || (Array.isArray(value) && value.length > 0 && value.every(isText)));

/** A list with something in it. */
export const someOf = <T>(item: Kind<T>, takes: string): Kind<readonly T[]> =>
  kind(takes, (value) => Array.isArray(value) && value.length > 0 && value.every((one) => v.is(item, one)));

/** A list of one kind. */
export const listOf = <S extends v.GenericSchema>(item: S, takes: string): v.ArraySchema<S, string> => v.array(item, takes);
