import type { Stats } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { META, type Entry } from "../archive/entry.js";
import { readOwnFile, readOwnIndex } from "../archive/meta-file.js";
import { enumerate } from "../support/enumerate.js";
import { EnvpackError } from "../support/errors.js";
import { decodeManifest } from "../manifest/decode.js";
import { RELOCATED_FILE } from "../relocate/relocation.js";
import { findAdded } from "../inspect/verify/added.js";
import { findKeptPlace } from "./kept-places.js";
import { isWorkInside } from "./own-staging.js";
import { refuseForeignOwner } from "../support/owner.js";

/** How many names are told before the rest is only counted. */
const SHOWN = 3;

export interface ReplaceOptions {
  /** Files that were added to the environment go with it. */
  readonly discardAdded?: boolean;
}

/**
 * Makes sure that what stands at a path may be replaced by `--force`: an environment of envpack's that its own
 * records make out, and in which nothing lies that they do not list. What somebody added is in no archive, so
 * it could not be had again: it is named, and goes only where that was asked for.
 *
 * @param path absolute, links resolved but for the last part; something is there that is no empty folder
 * @throws EnvpackError TARGET_EXISTS, TARGET_UNSUITABLE naming what stands there
 */
export async function assertReplaceable(path: string, { discardAdded = false }: ReplaceOptions = {}): Promise<void> {
  const stats = await lstat(path);
  if (!stats.isDirectory()) throw await refuseKind(path, stats);
  const kept = await findKeptPlace(path);
  if (kept !== null) throw new EnvpackError("TARGET_UNSUITABLE", `the target ${kept.what}`, { path, hint: kept.hint });
  const environment = await openEnvironment(path);
  if (typeof environment === "string") throw await refuseFolder(path, environment);
  refuseForeignOwner(stats, "the environment at the target", path, "let its owner replace it, or name another folder");
  if (discardAdded) return;
  const added = await listAdded(path, environment);
  if (added.length === 0) return;
  throw new EnvpackError("TARGET_EXISTS", `the environment at the target holds what is in no archive: ${enumerate(added, SHOWN)}`, {
    path,
    hint: "move that away first, or let it go with --discard-added; or unpack beside it, and switch a link with --current",
  });
}

/** Whether an environment of envpack's stands at a path, so that a hint may speak of --force. */
export async function holdsEnvironment(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => null);
  return stats?.isDirectory() === true && typeof (await openEnvironment(path)) !== "string";
}

/** The entries of the environment in a folder, or why it holds none that this envpack knows. */
async function openEnvironment(path: string): Promise<readonly Entry[] | string> {
  try {
    const manifest = await readOwnFile(path, META.manifest);
    if (manifest === null) return "";
    const own = await readOwnIndex(path, decodeManifest(manifest).totals);
    return own === null ? "its index is missing" : own.index.entries;
  } catch (error) {
    if (!(error instanceof EnvpackError)) throw error;
    return error.message;
  }
}

async function listAdded(path: string, entries: readonly Entry[]): Promise<string[]> {
  const added: string[] = [];
  const work = new Set<string>();
  for (const name of await readdir(path)) if (await isWorkInside(path, name)) work.add(name);
  for await (const { path: found, kind } of findAdded(path, entries)) {
    // Folders that hold nothing hold nothing to lose.
    if (kind !== "folder" && found !== RELOCATED_FILE && !work.has(found.split("/", 1)[0] ?? "")) added.push(found);
  }
  return added.sort();
}

async function refuseFolder(path: string, why: string): Promise<EnvpackError> {
  const names = (await readdir(path)).sort();
  const reason = why === "" ? "" : ` (${why})`;
  return new EnvpackError(
    "TARGET_EXISTS",
    `the target is no environment that envpack could replace${reason}: it holds ${enumerate(names, SHOWN)}`,
    {
      path,
      hint: "name another folder, or move away what it holds: --force replaces environments of envpack's and nothing else",
    },
  );
}

async function refuseKind(path: string, stats: Stats): Promise<EnvpackError> {
  if (stats.isSymbolicLink()) {
    const target = await readlink(path);
    return new EnvpackError("TARGET_EXISTS", `the target is a link, which leads to ${target}`, {
      path,
      hint: "name the folder that it leads to; or unpack to a new folder, and switch the link with --current",
    });
  }
  const what = stats.isFile() ? "a file" : "a special file";
  return new EnvpackError("TARGET_EXISTS", `the target is ${what}, and no environment of envpack's`, {
    path,
    hint: "name another path, or remove what is there",
  });
}
