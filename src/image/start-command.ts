import { posix } from "node:path";
import { fileAt, projectFolder, readPackageJson, type ImageSubject } from "./subject.js";

/** What a container of the image runs when it is told nothing. */
export interface StartCommand {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly workingDir: string;
  /** Variables that the project's own start sets, as "NODE_ENV=production". */
  readonly env: readonly string[];
  /** Which field of package.json it is from; null where none says how the project is started. */
  readonly from: string | null;
}

/** What only a shell understands. */
const FOR_A_SHELL = /[;&|<>$`*?(){}[\]"'\\!#~\n]/;
/** Options of node that take the next word. */
const WITH_VALUE = new Set([
  "-r",
  "--require",
  "--import",
  "--loader",
  "--experimental-loader",
  "-C",
  "--conditions",
  "--env-file",
  "--max-old-space-size",
  "--title",
]);

/**
 * How the project is started: by `scripts.start` where that is a plain node command, else by `main`, else by its only
 * `bin`. No shell is needed: `bin/node` is the entry point.
 */
export function findStart(subject: ImageSubject): StartCommand {
  const { manifest, prefix } = subject;
  const folder = projectFolder(subject);
  const workingDir = posix.join(prefix, folder);
  const node = manifest.runtime === null ? "node" : posix.join(prefix, "bin/node");
  const base = { entrypoint: [node, ...preloads(subject)], workingDir };
  const json = readPackageJson(subject);
  const script = asTexts(json.get("scripts")).get("start");
  const plain = script === undefined ? null : readPlainStart(script, workingDir);
  if (plain !== null) return { ...base, ...plain, from: "scripts.start" };
  const main = json.get("main");
  const file =
    typeof main === "string" ? findModule(subject, posix.join(folder, main)) : findModule(subject, posix.join(folder, "index.js"));
  if (file !== null) return { ...base, cmd: [posix.join(prefix, file)], env: [], from: typeof main === "string" ? "main" : "index.js" };
  const bin = json.get("bin");
  const bins = typeof bin === "string" ? [bin] : [...asTexts(bin).values()];
  const only = new Set(bins).size === 1 ? findModule(subject, posix.join(folder, bins[0] ?? "")) : null;
  if (only !== null) return { ...base, cmd: [posix.join(prefix, only)], env: [], from: "bin" };
  return { ...base, cmd: [], env: [], from: null };
}

/** `NODE_ENV=production node --enable-source-maps server.js --port 80`; null where it is anything else. */
function readPlainStart(script: string, workingDir: string): Pick<StartCommand, "cmd" | "env"> | null {
  if (FOR_A_SHELL.test(script)) return null;
  const words = script.trim().split(/\s+/);
  const first = words.findIndex((word) => !/^\w+=/.test(word));
  if (first < 0 || words[first] !== "node") return null;
  const cmd = words.slice(first + 1);
  const at = cmd.findIndex((word, index) => !word.startsWith("-") && !WITH_VALUE.has(cmd[index - 1] ?? ""));
  if (at < 0) return null;
  return { cmd: cmd.map((word, index) => (index === at ? posix.resolve(workingDir, word) : word)), env: words.slice(0, first) };
}

/** As node resolves a main: the file, with an ending, or the folder's index. */
function findModule(subject: ImageSubject, path: string): string | null {
  const plain = path.replace(/\/$/, "");
  return (
    [plain, `${plain}.js`, `${plain}.cjs`, `${plain}.mjs`, posix.join(plain, "index.js")].find((one) => fileAt(subject, one) !== null) ??
    null
  );
}

/** Plug'n'Play answers only where it is loaded first. */
function preloads(subject: ImageSubject): string[] {
  const { prefix } = subject;
  const loader =
    fileAt(subject, "app/.pnp.loader.mjs") === null ? [] : ["--experimental-loader", posix.join(prefix, "app/.pnp.loader.mjs")];
  return fileAt(subject, "app/.pnp.cjs") === null ? [] : ["--require", posix.join(prefix, "app/.pnp.cjs"), ...loader];
}

function asTexts(value: unknown): ReadonlyMap<string, string> {
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}
