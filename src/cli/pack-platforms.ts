import { existsSync, mkdirSync, rmdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import { EnvpackError } from "../support/errors.js";
import { isOneImage } from "../verbs/image/words.js";
import type { PackOptions } from "../verbs/pack/pack.js";

export function platformOption(): Option {
  return new Option(
    "--platform <list>",
    "pack for other platforms, as linux-arm64 or linux-x64-musl,win32-x64: installed afresh from the lockfile, without scripts (repeatable)",
  ).argParser(parsePlatforms);
}

export function prebuiltOption(): Option {
  return new Option(
    "--prebuilt <name=file>",
    "with --platform: the binary of a package that downloads or compiles its own (repeatable)",
  ).argParser(parsePrebuilt);
}

/** What `--platform` says: "linux-arm64,darwin-arm64"; further ones are added. */
function parsePlatforms(text: string, before: readonly string[] | undefined): string[] {
  const words = text.split(",").map((word) => word.trim());
  if (words.includes("")) throw new InvalidArgumentError("it is a platform, or a list such as linux-x64,linux-arm64");
  return [...new Set([...(before ?? []), ...words])];
}

/** What `--prebuilt` says: "better-sqlite3=better_sqlite3.node". */
function parsePrebuilt(text: string, before: PackOptions["prebuilt"]): PackOptions["prebuilt"] {
  const match = /^(@?[^=]+)=(.+)$/.exec(text);
  if (match === null) throw new InvalidArgumentError("it is NAME=FILE, as better-sqlite3=better_sqlite3.node");
  return [...(before ?? []), { name: match[1] ?? "", file: match[2] ?? "" }];
}

/**
 * Does the work once for each platform, or once without any. Archives of several get their own names, in the output where
 * that is a folder; it is made, and taken away again where nothing came into it.
 */
export async function forEachPlatform<Result>(
  options: PackOptions,
  platforms: readonly string[] | undefined,
  work: (options: PackOptions) => Promise<Result>,
  writes: boolean,
): Promise<Result[]> {
  if (platforms === undefined) return [await work(options)];
  const { output } = options;
  if (platforms.length > 1 && isOneImage(options)) {
    const results: Result[] = [];
    for (const platform of platforms) results.push(await work({ ...options, platform }));
    return results;
  }
  if (platforms.length > 1 && output !== undefined && (typeof output !== "string" || isFile(output))) {
    throw new EnvpackError("USAGE", "several platforms make several archives", {
      path: typeof output === "string" ? output : undefined,
      hint: "name a folder with -o, as `-o out/`",
    });
  }
  const folder = typeof output === "string" && (platforms.length > 1 || /[/\\]$/.test(output)) ? output : null;
  const isMade = folder !== null && writes && !existsSync(folder);
  if (isMade) mkdirSync(folder, { recursive: true });
  try {
    const results: Result[] = [];
    for (const platform of platforms)
      results.push(await work({ ...options, platform, output: folder === null ? output : join(folder, "/") }));
    return results;
  } catch (error) {
    if (isMade) removeEmpty(folder);
    throw error;
  }
}

/** A name with an ending is meant for one archive; a folder may have one as well. */
function isFile(output: string): boolean {
  if (existsSync(output)) return !statSync(output).isDirectory();
  return /\.[a-z]+$/i.test(basename(output)) && !/[/\\]$/.test(output);
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Archives of other platforms are in there.
  }
}
