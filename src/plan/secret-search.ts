import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { EnvpackError, explainError } from "../support/errors.js";
import { findAddressSecret, type AddressRules } from "./secret-addresses.js";

/** Files that stay and into which package managers or people write credentials. */
const SEARCHED = new Set([
  "package.json",
  "package-lock.json",
  "npm-shrinkwrap.json",
  ".package-lock.json",
  "yarn.lock",
  "pnpm-lock.yaml",
  "pnpm-workspace.yaml",
  "lock.yaml",
  "bun.lock",
  "bun.lockb",
  "deno.lock",
  "deno.json",
  "deno.jsonc",
  ".modules.yaml",
  ".yarn-state.yml",
  ".yarn-integrity",
  ".pnp.cjs",
  ".pnp.data.json",
  "lerna.json",
  "npmrc",
]);

/** A quick look that every pattern below passes: most files hold none of these. */
const HINT =
  /_auth|_password|npmAuth|npm_|gh[oprsu]_|github_pat_|gl(?:pat|dt|rt|cbt|ptt)-|A[KS]IA|xox[abeprs]-|AIza|GOCSPX-|[rs]k_live_|NpmToken\.|PRIVATE KEY|[?&#][A-Za-z_-]{0,40}token=|SG\.|dckr_pat_|dop_v1_|\bhf_|sk-|pypi-Ag|AKCp|cmVmdGtu|shpat_|ATATT3|PMAK-|glsa_|lin_api_/i;

/** What a hit is called in a message, and how it is written. A placeholder such as `${TOKEN}` is no secret. */
const PATTERNS: readonly (readonly [string, RegExp])[] = [
  ["a token in an address", /[?&#][A-Za-z_-]{0,40}token=(?!\$[A-Za-z_{]|[<{])[^\s"'&]{16}/i],
  [
    "an npm credential",
    /(?:^|[\s"':/;,{])(?:_authToken|_auth|_password|npmAuthToken|npmAuthIdent)["']?\s{0,200}[:=]\s{0,200}["']?(?!["'\s]|\$[A-Za-z_{])[^\s"',}]/m,
  ],
  ["an npm token", /\bnpm_[A-Za-z0-9]{36}\b|\bNpmToken\.[0-9a-f-]{36}/],
  ["a GitHub token", /\bgh[oprsu]_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{22}/],
  ["a GitLab token", /\bgl(?:pat|dt|rt|cbt|ptt)-[A-Za-z0-9_-]{20}/],
  ["an AWS key", /\bA(?:KIA|SIA)[0-9A-Z]{16}\b/],
  ["a Slack token", /\bxox[abeprs]-[A-Za-z0-9-]{10}/],
  ["a Google key", /\bAIza[0-9A-Za-z_-]{35}\b|\bGOCSPX-[0-9A-Za-z_-]{28}/],
  ["a Stripe key", /\b[rs]k_live_[0-9A-Za-z]{16}/],
  ["a SendGrid key", /\bSG\.[\w-]{22}\.[\w-]{43}/],
  ["a Docker token", /\bdckr_pat_[\w-]{27}/],
  ["a DigitalOcean token", /\bdop_v1_[0-9a-f]{64}/],
  ["a Hugging Face token", /\bhf_[A-Za-z0-9]{34}\b/],
  ["a key of a language model's service", /\bsk-(?:ant-|proj-)[\w-]{32}|\bsk-\w{20}T3BlbkFJ\w{20}/],
  ["a PyPI token", /\bpypi-Ag[\w-]{50}/],
  ["an Artifactory token", /\bAKCp\d[A-Za-z0-9]{60}|\bcmVmdGtu[A-Za-z0-9+/=]{48}/],
  ["a Shopify token", /\bshpat_[0-9a-fA-F]{32}/],
  ["an Atlassian token", /\bATATT3[\w=-]{60}/],
  ["a Postman key", /\bPMAK-[0-9a-f]{24}-[0-9a-f]{34}/],
  ["a Grafana token", /\bglsa_[A-Za-z0-9]{32}_/],
  ["a Linear key", /\blin_api_[A-Za-z0-9]{40}/],
  ["a private key", /-----BEGIN [A-Z ]{0,40}PRIVATE KEY/],
];

/** Bytes that are searched at once, and how many of them are searched again with what comes next. */
const PIECE = 1 << 20;
const OVERLAP = 4096;

/** A fifo that took a file's place must not stop everything. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Where the file lies in the environment; null for what comes from outside of it. */
export interface SearchedFile {
  readonly path: string | null;
  /** It belongs to an installed package: its manifest is public, but for what the manager wrote into it. */
  readonly isInstalled: boolean;
  readonly signal?: AbortSignal;
}

/** Whether the content of a file of this name has to be searched. */
export function isSearched(path: string, name: string): boolean {
  return SEARCHED.has(name) && (name !== "lock.yaml" || path.endsWith(".pnpm/lock.yaml"));
}

/**
 * Throws SECRET_FOUND where a file that goes in holds a credential: with the place, never the value. A large
 * file is searched a piece at a time, with a look at the signal in between.
 *
 * @param file absolute
 */
export async function searchSecrets(file: string, searched: SearchedFile): Promise<void> {
  try {
    // Each package has a manifest: by way of Node's own threads, four steps for each were most of the time that planning took.
    const descriptor = openSync(file, FLAGS);
    try {
      await searchPieces(descriptor, file, searched);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw explainError(error, "cannot look for credentials", file);
  }
}

async function searchPieces(descriptor: number, file: string, searched: SearchedFile): Promise<void> {
  const isManifest = file.endsWith("package.json");
  const rules = { isRecord: !(isManifest && searched.isInstalled), allowsLocal: isManifest };
  const { size } = fstatSync(descriptor);
  const piece = Buffer.allocUnsafe(Math.min(PIECE, size + 1));
  let lines = 1;
  for (let at = 0; ;) {
    // Of a large file each piece gives way, so that it can be stopped.
    if (at > 0) await setImmediate();
    if (searched.signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted");
    const length = readSync(descriptor, piece, 0, piece.length, at);
    const text = piece.toString("latin1", 0, length);
    const found = findCredential(text, rules);
    if (found !== null) throw refuse(file, lines + countLines(text, found.at + 1), found.what, searched.path);
    if (length < piece.length) return;
    lines += countLines(text, length - OVERLAP);
    at += length - OVERLAP;
  }
}

function findCredential(given: string, rules: AddressRules): { readonly what: string; readonly at: number } | null {
  // Some JSON encoders write "/" as "\/".
  const text = given.includes(":\\/\\/") ? given.replaceAll("\\/", "/") : given;
  const address = findAddressSecret(text, rules);
  if (address !== null) return address;
  if (!HINT.test(text)) return null;
  for (const [what, pattern] of PATTERNS) {
    const hit = pattern.exec(text);
    if (hit !== null) return { what, at: hit.index };
  }
  return null;
}

function countLines(text: string, end: number): number {
  let count = 0;
  for (let at = text.indexOf("\n"); at !== -1 && at < end; at = text.indexOf("\n", at + 1)) count++;
  return count;
}

function refuse(file: string, line: number, what: string, path: string | null): EnvpackError {
  const ways =
    path === null
      ? "take it out of the file"
      : `take it out of the file, leave the file out with \`--exclude /${path}\`, or pack it knowingly with \`--include-secret ${path}\``;
  return new EnvpackError("SECRET_FOUND", `line ${line} holds ${what}`, { path: file, hint: ways });
}
