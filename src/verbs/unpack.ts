import { basename, resolve } from "node:path";
import type { Readable } from "node:stream";
import { withoutEnding } from "../archive/formats.js";
import type { ArchiveInput } from "../engine/read/input.js";
import { chooseThreads } from "../engine/threads.js";
import { EnvpackError } from "../support/errors.js";
import type { Manifest } from "../manifest/manifest.js";
import type { CommonOptions } from "../support/options.js";
import { pathMatcher } from "../support/filters.js";
import type { Unfit } from "../relocate/apply.js";
import { restoreArchive } from "../restore/restore.js";
import type { LeftBehind, RestoreOptions } from "../restore/restore-options.js";
import { restoreShared } from "../restore/share.js";
import { openSwitchLink, switchLink } from "../restore/switch-link.js";
import { readSignatureRule, type SignatureOptions } from "../inspect/signature-files.js";
import { assertExpected, parseExpected } from "../evidence/provenance/expect.js";
import { requireAll, type Required } from "../evidence/provenance/require.js";

/** What an archive has to be, and to come with. */
export interface RequireOptions {
  /** What it must come with, signed by one of `verifyKeys`: "signature", "provenance" and "proof" (both beside it). */
  readonly require?: readonly Required[];
  /** The name and the versions that it may be of, as "shop@^1.4". */
  readonly expect?: string;
}

export interface UnpackOptions extends CommonOptions, SignatureOptions, RequireOptions {
  /** A file, or a stream that is read front to back. */
  readonly archive: string | Readable;
  /** The folder to make. By default the archive's name without its ending, in the current folder. */
  readonly target?: string;
  /** Replaces an environment of envpack's at the target, by one rename; nothing else. The old one is removed afterwards. */
  readonly force?: boolean;
  /** With `force`: files that were added to the old environment, which are in no archive, go with it. */
  readonly discardAdded?: boolean;
  /** Restores an environment that was made for another platform. */
  readonly forcePlatform?: boolean;
  /** Restores just what these patterns match (paths from the archive's root), with the folders above. */
  readonly only?: readonly string[];
  /**
   * For many processes that want one environment: the first restores it, the others wait and use it, as
   * they use one that is there already. Of an archive file, and of all of it.
   */
  readonly shared?: boolean;
  /** Of a layer: the restored environment that it was made for. It stays as it is; what did not change is taken from it. */
  readonly onto?: string;
  /** With `onto`: unchanged files become hard links of the old environment's: whoever writes to one changes both. */
  readonly link?: boolean;
  /** A symbolic link that is made to lead to the target once it is there, in one step. */
  readonly current?: string;
}

export interface UnpackResult {
  /** Absolute. */
  readonly target: string;
  readonly manifest: Manifest;
  readonly entries: number;
  readonly bytes: number;
  /** Files in which the environment's old place was replaced by the new one. */
  readonly relocated: number;
  /** Places that could not be rewritten and name the old place still, in order of path. */
  readonly unfit: readonly Unfit[];
  /** Of a layer: files that were taken from the old environment, and how many of those as hard links. */
  readonly reused: { readonly files: number; readonly linked: number };
  /** Patterns of `only` that match nothing in the archive; where none does, that is an error. */
  readonly unmatched: readonly string[];
  /** What should be gone (staging folders, the replaced environment, the lock) and could not be removed. */
  readonly left: readonly LeftBehind[];
  /** With `shared`: whether it was there already, or another process restored it meanwhile. */
  readonly found: boolean;
}

/**
 * Verifies an archive and restores it, all or nothing: the target appears when every digest has been
 * checked, and until then what was there stays.
 */
export async function unpack(options: UnpackOptions): Promise<UnpackResult> {
  const { archive, signal, onProgress } = options;
  const expected = options.expect === undefined ? null : parseExpected(options.expect);
  const file = typeof archive === "string" ? archive : null;
  const only = options.only === undefined ? null : new OnlyPatterns(options.only);
  const restoreOptions: RestoreOptions = {
    threads: chooseThreads(options.threads),
    force: options.force ?? false,
    forcePlatform: options.forcePlatform ?? false,
    discardAdded: options.discardAdded ?? false,
    only: only === null ? undefined : (path) => only.match(path),
    signature: await requireAll(options.require ?? [], file, await readSignatureRule(options, file)),
    accept: expected === null ? undefined : (manifest) => assertExpected(manifest, expected),
    onto: ontoWhat(options),
    link: options.link ?? false,
    signal,
    onProgress,
  };
  const target = chooseTarget(options);
  if (options.discardAdded === true && options.force !== true) {
    throw new EnvpackError("USAGE", "there is nothing to discard where nothing is replaced", { hint: "--discard-added goes with --force" });
  }
  const current = options.current === undefined ? null : await openSwitchLink(options.current, target);
  const restored =
    options.shared === true
      ? await restoreShared(sharedArchive(options), target, restoreOptions)
      : await restoreAlone(inputOf(archive), target, restoreOptions);
  if (current !== null) await switchLink(current, restored.target);
  return { ...restored, unmatched: only?.unmatched ?? [] };
}

/** Patterns of which is remembered whether they ever matched. */
class OnlyPatterns {
  readonly #patterns: readonly (readonly [string, (path: string) => boolean])[];
  readonly #matched = new Set<string>();

  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map((pattern) => [pattern, pathMatcher([pattern])]);
  }

  match(path: string): boolean {
    const found = this.#patterns.filter(([, matches]) => matches(path));
    for (const [pattern] of found) this.#matched.add(pattern);
    return found.length > 0;
  }

  get unmatched(): readonly string[] {
    return this.#patterns.map(([pattern]) => pattern).filter((pattern) => !this.#matched.has(pattern));
  }
}

async function restoreAlone(archive: ArchiveInput, target: string, options: RestoreOptions): Promise<Omit<UnpackResult, "unmatched">> {
  return { ...(await restoreArchive(archive, target, options)), found: false };
}

function ontoWhat({ onto, link, only, shared }: UnpackOptions): string | undefined {
  const hint = "leave --only and --shared away, or unpack a whole archive";
  if (onto !== undefined && (only !== undefined || shared === true))
    throw new EnvpackError("USAGE", "what a layer makes is restored whole, and by one", { hint });
  if (onto === undefined && link === true)
    throw new EnvpackError("USAGE", "there is nothing to link to", { hint: "name the old environment with --onto" });
  return onto;
}

function sharedArchive({ archive, force, only }: UnpackOptions): string {
  if (typeof archive === "string" && force !== true && only === undefined) return resolve(archive);
  throw new EnvpackError("USAGE", "what is shared comes from an archive file, whole, and replaces nothing", {
    hint: "leave --force and --only away, and name the archive",
  });
}

/** What the engine reads from: a path, or a stream such as stdin. */
export function inputOf(archive: string | Readable): ArchiveInput {
  return typeof archive === "string" ? { kind: "file", path: resolve(archive) } : { kind: "stream", stream: archive };
}

function chooseTarget({ archive, target }: UnpackOptions): string {
  if (target !== undefined) return resolve(target);
  const name = typeof archive === "string" ? basename(archive) : "";
  const bare = withoutEnding(name);
  if (bare !== name && bare !== "") return resolve(bare);
  throw new EnvpackError("USAGE", "no folder was named to unpack into", { hint: "name it after the archive" });
}
