import { closeSync, openSync, readSync } from "node:fs";
import { explainError } from "../errors.js";
import type { Drop } from "./drops/drop.js";

const drop = (kind: string): Drop => ({ reason: "secret", kind });

const SETTINGS = drop("package manager's settings");
const CREDENTIALS = drop("credentials");
const ENVIRONMENT = drop("environment file");
const CLOUD = drop("settings of a service");
const KEY = drop("private key");
const LOG = drop("log or history");
/** node-gyp's, with the paths of whoever built: never included, and too common to be called a secret. */
const BUILD_SETTINGS: Drop = { reason: "build", kind: "leftover of node-gyp" };

const FILES = new Map<string, Drop>([
  ...[".npmrc", ".yarnrc", ".yarnrc.yml", "bunfig.toml", "auth.ini"].map((name) => [name, SETTINGS] as const),
  ...[".netrc", "_netrc", ".git-credentials", ".sentryclirc"].map((name) => [name, CREDENTIALS] as const),
  ...[".env", ".envrc", ".dev.vars", "local.settings.json"].map((name) => [name, ENVIRONMENT] as const),
  ...["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_ecdsa_sk", "id_ed25519_sk"].map((name) => [name, KEY] as const),
  ...[
    ".bash_history",
    ".zsh_history",
    ".sh_history",
    ".ash_history",
    ".fish_history",
    "fish_history",
    ".history",
    ".node_repl_history",
    ".python_history",
    ".psql_history",
    ".mysql_history",
    ".sqlite_history",
    ".rediscli_history",
    ".lesshst",
  ].map((name) => [name, LOG] as const),
]);

const FOLDERS = new Set([".aws", ".ssh", ".docker", ".kube", ".vercel", ".netlify", ".wrangler"]);

/** Samples that are meant to be shared. */
const SAMPLE = /\.(example|sample|template)$/;
const DEBUG_LOG = /^(npm-debug|yarn-debug|yarn-error|pnpm-debug|lerna-debug)\.log/;

/** Bytes. Private keys take a few thousand; a larger file is read in such pieces. */
const PIECE = 1 << 20;
const KEY_MARK = "PRIVATE KEY";

/**
 * Whether something is, by its name, a secret that never goes in unless it is named one by one.
 * `*.pem` and `*.key` are not decided here: see holdsPrivateKey.
 */
export function findSecret(path: string, given: string, isFolder: boolean): Drop | null {
  // On disks that fold names, `.NPMRC` is read as well.
  const name = given.toLowerCase();
  if (isFolder) return FOLDERS.has(name) ? CLOUD : null;
  const known = FILES.get(name);
  if (known !== undefined) return known;
  if (/^\.(env|dev\.vars)\./.test(name) && !SAMPLE.test(name)) return ENVIRONMENT;
  if (name.endsWith(".p12") || name.endsWith(".pfx")) return KEY;
  if (DEBUG_LOG.test(name)) return LOG;
  if (name === "config.json" && /(^|\/)\.turbo\/config\.json$/.test(path)) return CLOUD;
  return name === "config.gypi" && /(^|\/)build\/config\.gypi$/.test(path) ? BUILD_SETTINGS : null;
}

/** Whether a file of this name may be a private key, so that its content has to be looked at. */
export function mayBeKey(name: string): boolean {
  return /\.(pem|key)$/i.test(name);
}

/** Looks into a `*.pem` or `*.key`: certificates stay, private keys do not. */
export function findPrivateKey(file: string): Drop | null {
  try {
    const descriptor = openSync(file, "r");
    try {
      return holdsMark(descriptor) ? KEY : null;
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw explainError(error, "cannot look for a private key", file);
  }
}

function holdsMark(descriptor: number): boolean {
  const piece = Buffer.alloc(PIECE);
  for (let at = 0; ; ) {
    const length = readSync(descriptor, piece, 0, PIECE, at);
    if (piece.subarray(0, length).includes(KEY_MARK)) return true;
    if (length < PIECE) return false;
    // The mark may lie across two pieces.
    at += length - KEY_MARK.length;
  }
}
