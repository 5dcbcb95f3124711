import { EnvpackError } from "../support/errors.js";

/** What the cache may hold; what is over goes by itself, the longest unused first. */
export interface CacheLimits {
  readonly bytes: number;
  /** Milliseconds without a use. */
  readonly age: number;
}

const DEFAULT_BYTES = 2e9;
const DAY = 24 * 3600 * 1000;
const DEFAULT_AGE = 90 * DAY;

/**
 * Reads ENVPACK_CACHE_SIZE ("2GB") and ENVPACK_CACHE_AGE ("90d").
 *
 * @throws EnvpackError USAGE where one is no size or age
 */
export function readLimits(env: NodeJS.ProcessEnv = process.env): CacheLimits {
  return {
    bytes: readVariable(env, "ENVPACK_CACHE_SIZE", parseSize, "write a size as 500MB or 2GB") ?? DEFAULT_BYTES,
    age: readVariable(env, "ENVPACK_CACHE_AGE", parseAge, "write an age as 12h, 30d or 8w") ?? DEFAULT_AGE,
  };
}

function readVariable(env: NodeJS.ProcessEnv, name: string, parse: (text: string) => number | null, hint: string): number | null {
  const text = env[name];
  if (text === undefined || text === "") return null;
  const value = parse(text);
  if (value !== null) return value;
  throw new EnvpackError("USAGE", `${name} is set to ${JSON.stringify(text.slice(0, 40))}`, { hint });
}

const UNITS = new Map([
  ["", 1],
  ["k", 1e3],
  ["m", 1e6],
  ["g", 1e9],
  ["t", 1e12],
  ["ki", 2 ** 10],
  ["mi", 2 ** 20],
  ["gi", 2 ** 30],
  ["ti", 2 ** 40],
]);

/** "0", "500MB", "2 GiB" in bytes; null where it is no size. */
export function parseSize(text: string): number | null {
  const match = /^(\d{1,12}(?:\.\d{1,6})?) ?([kmgt]i?)?b?$/i.exec(text.trim());
  return match === null ? null : Math.round(Number(match[1]) * (UNITS.get((match[2] ?? "").toLowerCase()) ?? 1));
}

const SPANS = new Map([
  ["h", DAY / 24],
  ["d", DAY],
  ["w", 7 * DAY],
  ["m", 30 * DAY],
  ["y", 365 * DAY],
]);

/** "12h", "30d", "8w" in milliseconds; null where it is no age. */
export function parseAge(text: string): number | null {
  const match = /^(\d{1,6}) ?([hdwmy])$/i.exec(text.trim());
  return match === null ? null : Number(match[1]) * (SPANS.get((match[2] ?? "").toLowerCase()) ?? 0);
}
