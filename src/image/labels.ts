import { lstatSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { readShortText } from "../support/read-text.js";
import { readPackageJson, type ImageSubject } from "./subject.js";

/** Says where the environment lies in an image; `info` and `verify` go by it. */
export const PREFIX_LABEL = "envpack.prefix";

/** Bytes of a file of git's that names a commit; of its packed ones. */
const MAX_REF = 4096;
const MAX_PACKED = 16 << 20;

/**
 * The labels of the image specification, as far as the project tells: what is unknown is left away.
 *
 * @param root the project's folder, for its revision; null where it is not at hand
 * @param base its name is a reference; null of a file, whose path tells nothing elsewhere and differs from machine to machine
 */
export function makeLabels(
  subject: ImageSubject,
  root: string | null,
  base: { readonly name: string | null; readonly digest: string } | null,
): Record<string, string> {
  const { manifest, prefix } = subject;
  const json = readPackageJson(subject);
  const key = (name: string): string => `org.opencontainers.image.${name}`;
  const pairs: [string, string | null][] = [
    [key("title"), manifest.name],
    [key("version"), manifest.version],
    [key("description"), asText(json.get("description"))],
    [key("licenses"), asText(json.get("license"))],
    [key("source"), sourceOf(json.get("repository"))],
    [key("revision"), root === null ? null : readRevision(root)],
    [key("base.name"), base?.name ?? null],
    [key("base.digest"), base?.digest ?? null],
    [PREFIX_LABEL, prefix],
  ];
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => pair[1] !== null && pair[1] !== ""));
}

function asText(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** The repository's address, without what could be a user's password. */
function sourceOf(value: unknown): string | null {
  const text = asText(value) ?? asText((value as { readonly url?: unknown } | undefined)?.url) ?? "";
  const short = /^(?:github:)?([\w.-]+\/[\w.-]+)$/.exec(text)?.[1];
  if (short !== undefined) return `https://github.com/${short}`;
  try {
    const { protocol, host, pathname } = new URL(text.replace(/^git\+/, ""));
    return host === "" || protocol === "file:" ? null : `https://${host}${pathname.replace(/\.git$/, "")}`;
  } catch {
    return null;
  }
}

/** The commit that is checked out; null where there is no git, or it tells none. */
export function readRevision(folder: string): string | null {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const git = join(at, ".git");
    const stats = lstatSync(git, { throwIfNoEntry: false });
    if (stats !== undefined) return stats.isDirectory() ? readCommit(git) : readLinked(git, at);
    if (at === dirname(at)) return null;
  }
}

/** Of a worktree or a submodule `.git` is a file that names the folder. */
function readLinked(file: string, folder: string): string | null {
  const target = /^gitdir: (.*)$/m.exec(read(file, MAX_REF))?.[1];
  return target === undefined ? null : readCommit(resolve(folder, target));
}

function readCommit(git: string): string | null {
  const head = read(join(git, "HEAD"), MAX_REF).trim();
  const ref = /^ref: (refs\/[\w./-]+)$/.exec(head)?.[1];
  if (ref === undefined) return asCommit(head);
  const shared = read(join(git, "commondir"), MAX_REF).trim();
  for (const folder of [git, ...(shared === "" ? [] : [resolve(git, shared)])]) {
    const found = asCommit(ref.includes("..") ? "" : read(join(folder, ref), MAX_REF).trim());
    if (found !== null) return found;
    const packed = read(join(folder, "packed-refs"), MAX_PACKED)
      .split("\n")
      .find((line) => line.endsWith(` ${ref}`));
    if (packed !== undefined) return asCommit(packed.split(" ", 1)[0] ?? "");
  }
  return null;
}

function asCommit(text: string): string | null {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text) ? text : null;
}

function read(file: string, limit: number): string {
  try {
    return readShortText(file, limit);
  } catch {
    return "";
  }
}
