import { existsSync, statSync } from "node:fs";
import { join, posix } from "node:path";
import { namesIn } from "../../../support/names-in.js";
import type { SourceContext, Start, TrialContext } from "../context.js";
import type { Trial } from "../report.js";
import type { Ended } from "../start-limited.js";
import { failsAlike } from "./as-before.js";
import type { Subject } from "../subject.js";
import { endedText, lastLine, printedBy } from "./ended-text.js";
import { lacksInterpreter, reasonOf } from "./reason.js";

/** Seconds: what only prints its version or its help has no need of more. */
const LIMIT = 15;

/** Starts every command of the environment, some at a time. */
export async function tryCommands(context: TrialContext, atOnce: number): Promise<Trial[]> {
  const names = commandsOf(context.subject);
  const found: Trial[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < names.length; at = next++) found[at] = await tryCommand(context, names[at] as string);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return found;
}

/**
 * Those of packages, and whatever else can be started in `bin/`: node, its npm, scripts that no package declares. What a conda
 * prefix has there beside them is conda's own, some hundred programs.
 */
function commandsOf({ tree, manifest }: Subject): string[] {
  const folder = join(tree, "bin");
  const isStarted = (name: string): boolean => (manifest.kind !== "conda" || RUNTIME.has(name)) && isExecutable(join(folder, name));
  return [...new Set([...manifest.bins, ...namesIn(folder).filter(isStarted).sort()])];
}

/** What comes with a runtime. */
const RUNTIME: ReadonlySet<string> = new Set(["node", "npm", "npx", "corepack"]);

/** Links that lead to nothing, or in a circle, are told of as links. */
function isExecutable(file: string): boolean {
  try {
    const stats = statSync(file);
    return stats.isFile() && (stats.mode & 0o111) !== 0;
  } catch {
    return false;
  }
}

async function tryCommand(context: TrialContext, name: string): Promise<Trial> {
  const { start, activated, reached, sandbox, reason, seconds, atSource } = context;
  const file = posix.join(reached, "bin", name);
  const { ended, option } = await ask(start, file, sandbox.jobPlace, activated, Math.min(seconds, LIMIT));
  const base = { kind: "command" as const, name, from: null, seconds: ended.seconds };
  if (ended.status === 0) return { ...base, outcome: "ok", detail: option, reason: null };
  const text = printedBy(ended);
  const why = reasonOf(text, reason);
  // Launchers of envpack's and of the runtime's npm are scripts of sh, and a system without a shell runs an application all the same.
  if (why !== null && lacksInterpreter(why) && !context.subject.manifest.bins.includes(name))
    return { ...base, outcome: "skipped", detail: why, reason: null };
  const before = atSource === null ? null : await askSource(atSource, name, Math.min(seconds, LIMIT));
  const detail = endedText(ended);
  if (before !== null && failsAlike(ended, before, context))
    return { ...base, outcome: "as before", detail: `${detail}; at the source it ${endedText(before)}`, reason: why };
  // Programs that know neither option say so, with a status of their own: they did start.
  if (before === null && why === null && ended.status !== null && ended.status < 64 && `${ended.stdout}${ended.stderr}`.trim() !== "") {
    return { ...base, outcome: "ok", detail: `starts; takes neither --version nor --help (status ${ended.status})`, reason: null };
  }
  return { ...base, outcome: "failed", detail, reason: why ?? lastLine(ended) };
}

interface Asked {
  readonly ended: Ended;
  /** The option that it took. */
  readonly option: "--version" | "--help";
}

async function ask(start: Start, file: string, cwd: string, env: TrialContext["bare"], seconds: number): Promise<Asked> {
  const version = await start({ words: [file, "--version"], cwd, env }, { seconds });
  if (version.status === 0 || version.exceeded !== null || version.error !== null || version.status === null || version.status >= 126)
    return { ended: version, option: "--version" };
  const help = await start({ words: [file, "--help"], cwd, env }, { seconds });
  return { ended: help.status === 0 ? help : version, option: "--help" };
}

/** null: the source has no such command. */
async function askSource({ start, folder, bins, env }: SourceContext, name: string, seconds: number): Promise<Ended | null> {
  const file = bins.map((bin) => join(bin, name)).find((one) => existsSync(one));
  return file === undefined ? null : (await ask(start, file, folder, env, seconds)).ended;
}
