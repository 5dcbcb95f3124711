import { readFileSync } from "node:fs";
import { EnvpackError, explainError } from "../errors.js";

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
  ".modules.yaml",
  ".yarn-state.yml",
  ".yarn-integrity",
  "npmrc",
]);

/** A quick look that every pattern below passes: most files hold none of these. */
const HINT = /:\/\/[^\s"'/]*@|_auth|_password|npmAuth|npm_|gh[oprsu]_|github_pat_|glpat-|A[KS]IA|xox[abprs]-|AIza|[rs]k_live_|NpmToken\.|PRIVATE KEY|[?&][A-Za-z_-]*token=/i;

/** What a hit is called in a message, and how it is written. A placeholder such as `${TOKEN}` is no secret. */
const PATTERNS: readonly (readonly [string, RegExp])[] = [
  ["a password in an address", /:\/\/[^\s"'/:@]*:(?!\$[A-Za-z_{]|[<{])[^\s"'/@]+@[^\s"'/]/],
  ["a token in an address", /:\/\/[A-Za-z0-9_-]{20,}@[^\s"'/]/],
  ["a token in an address", /[?&][A-Za-z_-]*token=(?!\$[A-Za-z_{]|[<{])[^\s"'&]{16,}/i],
  ["an npm credential", /(?:^|[\s"':/;,{])(?:_authToken|_auth|_password|npmAuthToken|npmAuthIdent)["']?\s*[:=]\s*["']?(?!["'\s]|\$[A-Za-z_{])[^\s"',}]/m],
  ["an npm token", /\bnpm_[A-Za-z0-9]{36}\b|\bNpmToken\.[0-9a-f-]{36}/],
  ["a GitHub token", /\bgh[oprsu]_[A-Za-z0-9]{36,}|\bgithub_pat_[A-Za-z0-9_]{22,}/],
  ["a GitLab token", /\bglpat-[A-Za-z0-9_-]{20,}/],
  ["an AWS key", /\bA(?:KIA|SIA)[0-9A-Z]{16}\b/],
  ["a Slack token", /\bxox[abprs]-[A-Za-z0-9-]{10,}/],
  ["a Google key", /\bAIza[0-9A-Za-z_-]{35}\b/],
  ["a Stripe key", /\b[rs]k_live_[0-9A-Za-z]{16,}/],
  ["a private key", /-----BEGIN [A-Z ]*PRIVATE KEY/],
];

/** `postgres://me:me@localhost/test` in the scripts of a package.json: a test's database, no secret. */
const LOCAL_DATABASE = /\b(?!https?:|git)[a-z][a-z0-9+]*:\/\/[^\s"'/@]*@(localhost|127\.0\.0\.1|\[::1\])(?=[:/\s"']|$)/g;

/** Whether the content of a file of this name has to be searched. */
export function isSearched(path: string, name: string): boolean {
  return SEARCHED.has(name) && (name !== "lock.yaml" || path.endsWith(".pnpm/lock.yaml"));
}

/**
 * Throws SECRET_FOUND where a file that goes in holds a credential: with the place, never the value.
 *
 * @param file absolute
 * @param path relative to the environment's folder, for the message
 */
export function searchSecrets(file: string, path: string): void {
  let text: string;
  try {
    text = readFileSync(file, "latin1");
  } catch (error) {
    throw explainError(error, "cannot look for credentials", file);
  }
  if (!HINT.test(text)) return;
  const cleaned = path.endsWith("package.json") ? text.replace(LOCAL_DATABASE, (hit) => hit.replace(/:\/\/.*@/, "://")) : text;
  for (const [what, pattern] of PATTERNS) {
    const hit = pattern.exec(cleaned);
    if (hit === null) continue;
    const line = cleaned.slice(0, hit.index + 1).split("\n").length;
    throw new EnvpackError("SECRET_FOUND", `line ${line} holds ${what}`, {
      path: file,
      hint: `take it out of the file, leave the file out with \`--exclude\`, or pack it knowingly with \`--include-secret ${path}\``,
    });
  }
}
