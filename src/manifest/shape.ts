/**
 * Checks of values that came out of JSON.parse, small enough to be read at a glance. What they are
 * given is hostile: everything is exact, keys that nobody asked for are refused, and what they return
 * is made anew, so that nothing unchecked is passed on.
 */
export type Shape<T> = (value: unknown, where: string) => T;

/** Thrown by shapes: the message names the place and what was expected there. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

function refuse(where: string, expected: string): never {
  throw new ShapeError(`${where} is not ${expected}`);
}

/** Well-formed Unicode without control characters: it may be printed and written to a disk. */
function isClean(value: string): boolean {
  return !/[\p{Cc}\p{Cs}]/u.test(value);
}

/** A text of `least` to `limit` UTF-16 units that holds no control characters. */
export function text(limit = 1024, least = 1): Shape<string> {
  return (value, where) => {
    const good = typeof value === "string" && value.length >= least && value.length <= limit && isClean(value);
    return good ? value : refuse(where, "a text");
  };
}

/** A text that matches a pattern. */
export function pattern(matcher: RegExp, expected: string): Shape<string> {
  return (value, where) => (typeof value === "string" && matcher.test(value) ? value : refuse(where, expected));
}

/** A whole number from 0 to 2^53 - 1. */
export const count: Shape<number> = (value, where) =>
  Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0) ? (value as number) : refuse(where, "a count");

export function oneOf<const T extends string>(...values: readonly T[]): Shape<T> {
  return (value, where) => (values.includes(value as T) ? (value as T) : refuse(where, `one of ${values.join(", ")}`));
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return (value, where) => (value === null ? null : shape(value, where));
}

/** What may be absent. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return (value, where) => (value === undefined ? undefined : shape(value, where));
}

export function list<T>(shape: Shape<T>): Shape<T[]> {
  return (value, where) => {
    if (!Array.isArray(value)) return refuse(where, "a list");
    return value.map((item, index) => shape(item, `${where}[${index}]`));
  };
}

/** A list of fixed length whose items have a shape each. */
export function tuple<T extends readonly unknown[]>(...shapes: { readonly [I in keyof T]: Shape<T[I]> }): Shape<T> {
  return (value, where) => {
    if (!Array.isArray(value) || value.length !== shapes.length) return refuse(where, `a list of ${shapes.length}`);
    return shapes.map((shape, index) => shape(value[index], `${where}[${index}]`)) as unknown as T;
  };
}

function isPlainObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An object with exactly these fields. */
export function record<T extends object>(fields: { readonly [K in keyof T]-?: Shape<T[K]> }): Shape<T> {
  const shapes = Object.entries<Shape<unknown>>(fields);
  return (value, where) => {
    if (!isPlainObject(value)) return refuse(where, "an object");
    const given = new Map(Object.entries(value));
    for (const key of given.keys()) {
      if (!Object.hasOwn(fields, key)) throw new ShapeError(`${where} has an unknown field`);
    }
    const made: unknown = Object.fromEntries(shapes.map(([key, shape]) => [key, shape(given.get(key), `${where}.${key}`)]));
    return made as T;
  };
}

/** Whether a text is an arcpath (see archive/entry.ts) that is fit to be joined to a folder. */
function isArcpath(value: string): boolean {
  if (!isClean(value) || Buffer.byteLength(value) > 4095) return false;
  return value.split("/").every((part) => part !== "" && part !== "." && part !== ".." && Buffer.byteLength(part) <= 255);
}

export const arcpath: Shape<string> = (value, where) =>
  typeof value === "string" && isArcpath(value) ? value : refuse(where, "a path inside the archive");

/** An arcpath, or "" for the archive's root. */
export const folderArcpath: Shape<string> = (value, where) => (value === "" ? "" : arcpath(value, where));
