import { setImmediate } from "node:timers/promises";
import type { PlannedFile } from "../archive/entry.js";
import { EnvpackError } from "../support/errors.js";
import type { Notice } from "../support/progress.js";
import type { Drop } from "./drops/drop.js";
import { isOrdinaryName } from "./ordinary-name.js";
import type { LeftOut } from "./plan.js";
import { findSecretContent, holdsKeyMark, mayBeKey, mayHoldSecret } from "./secret-content.js";
import { findOwnSecret, isInstalled, KEY } from "./secret-names.js";
import { isSearched, searchSecrets } from "./secret-search.js";
import type { WalkResult } from "./walk-result.js";

export interface SecretSearch {
  /** Of the archive: the environment's own folder, "app" or "". */
  readonly folder: string;
  /** Whether the environment is a project: only there are programs the user's own. */
  readonly isProject: boolean;
  readonly signal?: AbortSignal;
}

/** What a walk found, without the files that are secrets by their content. */
export interface Searched {
  readonly results: readonly WalkResult[];
  readonly notices: readonly Notice[];
}

/** Files between two looks at the signal. */
const SLICE = 64;

/**
 * Looks into the files that go in: private keys and memories of processes stay behind; credentials in lockfiles,
 * manifests and records stop the packing, and so does a key in the text of a program. Of installed packages only
 * `*.pem`, `*.key`, manifests and records are read: what else they hold was published.
 *
 * @throws EnvpackError SECRET_FOUND, INTERRUPTED, and SOURCE_UNREADABLE's kin where a file cannot be read
 */
export async function leaveOutSecretFiles(results: readonly WalkResult[], search: SecretSearch): Promise<Searched> {
  const searched: WalkResult[] = [];
  let published = 0;
  let looked = 0;
  for (const result of results) {
    const found = new Map<string, LeftOut>();
    const included = new Set(result.includedSecrets);
    for (const entry of result.special ?? result.entries) {
      if (entry.type !== "file" || entry.source.kind !== "disk") continue;
      const name = entry.path.slice(entry.path.lastIndexOf("/") + 1);
      const installed = isInstalled(entry.path);
      // Most of a tree: known by its name to be none of all that follows.
      if (installed && isOrdinaryName(name)) continue;
      if (installed && findOwnSecret(name.toLowerCase()) !== null) published++;
      if (!isLookedAt(entry, name) || isAllowed(entry.path, included)) continue;
      if (looked++ % SLICE === 0) await pause(search.signal);
      const drop = await lookInto(entry, entry.source.file, name, search);
      if (drop !== null) found.set(entry.path, { path: entry.path, ...drop, files: 1, bytes: entry.size });
    }
    searched.push(
      found.size === 0
        ? result
        : { ...result, entries: result.entries.filter(({ path }) => !found.has(path)), leftOut: [...result.leftOut, ...found.values()] },
    );
  }
  return { results: searched, notices: noticePublished(published) };
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  if (signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted");
}

function isLookedAt({ path, size }: PlannedFile, name: string): boolean {
  return isSearched(path, name) || mayBeKey(name) || (!isInstalled(path) && mayHoldSecret(name, size));
}

/** Whether --include-secret names the file, or a folder above it. */
function isAllowed(path: string, included: ReadonlySet<string>): boolean {
  if (included.size === 0) return false;
  for (let at = path; at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf("/")))) if (included.has(at)) return true;
  return false;
}

async function lookInto(
  { path, size }: PlannedFile,
  file: string,
  name: string,
  { folder, isProject, signal }: SecretSearch,
): Promise<Drop | null> {
  const inside = folder === "" ? path : path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : null;
  if (isSearched(path, name)) {
    await searchSecrets(file, { path: inside, isInstalled: isInstalled(path), signal });
    return null;
  }
  if (mayBeKey(name) && (await holdsKeyMark(file, signal))) return KEY;
  if (isInstalled(path) || !mayHoldSecret(name, size)) return null;
  const found = findSecretContent(file, name);
  if (found?.isProgram !== true) return found?.drop ?? null;
  if (!isProject) return null;
  throw new EnvpackError("SECRET_FOUND", "the text of a program holds a private key", {
    path: file,
    hint: `take the key out of the file${inside === null ? "" : `, leave the file out with \`--exclude /${inside}\`, or pack it knowingly with \`--include-secret ${inside}\``}`,
  });
}

/** Files of packages under names that would be one's own secrets elsewhere: whoever installed the package has them too. */
function noticePublished(count: number): Notice[] {
  if (count === 0) return [];
  const what = count === 1 ? "a file" : `${count} files`;
  return [
    {
      code: "SECRET_FIXTURES_KEPT",
      message: `installed packages publish ${what} named like keys or settings (${count === 1 ? "it goes" : "they go"} in; --exclude leaves them out)`,
    },
  ];
}
