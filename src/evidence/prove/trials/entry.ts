import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { EnvpackError } from "../../../support/errors.js";
import type { Start, TrialContext } from "../context.js";
import type { Trial } from "../report.js";
import { readPackageJson, type Subject } from "../subject.js";
import { tellAlike } from "./as-before.js";
import { endedText, lastLine, printedBy } from "./ended-text.js";
import { lostParts, lostReason, notServed, partsText, type PagePart } from "./page-parts.js";
import { plainCount } from "./plain-count.js";
import { STAYS_UP } from "./probe-source.js";
import { reasonOf } from "./reason.js";

export interface EntryRequest {
  /** A script, relative to the project's folder; undefined: what package.json starts. */
  readonly entry?: string;
  /** Requests that all have to be answered; empty: to stay up will do. */
  readonly listen: readonly Place[];
  /** Whether the sandbox has a network of its own, where whatever listens was started in it. */
  readonly alone: boolean;
}

/** Where an entry point has to answer. */
export interface Place {
  readonly port: number;
  /** Begins with a slash. */
  readonly path: string;
}

/** Seconds for which an entry point has to stay up where nothing can be asked of it. */
const STAY = 2;

/** What `entryOf` came to. */
interface Entry {
  readonly name: string;
  /** The words behind the environment's node, or a shell's line. */
  readonly script: readonly string[] | null;
  readonly line: string | null;
}

/** Starts the entry point: it has to answer, to listen, to stay up, or to end well. */
export async function tryEntry(context: TrialContext, request: EntryRequest): Promise<Trial> {
  const { subject, reached, activated, node, seconds, atSource, start } = context;
  const folder = subject.manifest.resolveFrom[0] ?? "";
  const entry = subject.manifest.kind === "project" ? entryOf(join(subject.tree, folder), request) : null;
  if (entry === null)
    return {
      kind: "entry",
      name: "",
      from: null,
      outcome: "skipped",
      detail: "nothing tells what is to be started: name it with --entry",
      reason: null,
      seconds: 0,
    };
  const [first] = request.listen;
  const port: Record<string, string> = first === undefined ? {} : { PORT: String(first.port) };
  const here = posix.join(reached, folder);
  const env = { ...activated, ...port, PATH: `${posix.join(here, "node_modules/.bin")}:${activated.PATH ?? ""}` };
  const result = await attempt(start, { node, entry, cwd: here, env, request, seconds });
  const trial = { kind: "entry", name: entry.name, from: null, seconds: result.seconds } as const;
  const ok: Trial = { ...trial, outcome: "ok", detail: result.detail, reason: null };
  if (result.ok && notServed(result.parts).length === 0) return ok;
  const before =
    atSource === null
      ? null
      : await attempt(atSource.start, {
          node: atSource.node,
          entry,
          cwd: atSource.folder,
          env: { ...atSource.env, ...port },
          request,
          seconds,
        });
  if (result.ok) {
    const [lost] = lostParts(result.parts, before?.parts ?? []);
    return lost === undefined ? ok : { ...ok, outcome: "failed", reason: lostReason(lost) };
  }
  const failed = before === null || before.ok || isWorse(result, before) || !tellAlike(result.text, before.text, context);
  return {
    ...trial,
    outcome: failed ? "failed" : "as before",
    detail: before === null || before.ok ? result.detail : `${result.detail}; at the source it ${before.detail}`,
    reason: reasonOf(result.text, context.reason) ?? result.last,
  };
}

/** Whether it ended where it goes on at the source, or did not answer where it does there; what was never started there tells nothing. */
function isWorse(here: Attempt, before: Attempt): boolean {
  return !before.started || (here.ended && !before.ended) || before.answers.some((status, at) => status > 0 && !here.answers[at]);
}

/**
 * Makes sure that a script that was named is there, before anything is tried.
 *
 * @throws EnvpackError USAGE
 */
export function assertEntry({ tree, manifest }: Subject, entry: string | undefined): void {
  if (entry === undefined || existsSync(join(tree, manifest.resolveFrom[0] ?? "", entry))) return;
  throw new EnvpackError("USAGE", "the environment has no such entry point", {
    path: entry,
    hint: "name a script by its path from the project's folder",
  });
}

/** The script that was named, the one of `npm start`, or the package's main file. */
function entryOf(folder: string, { entry }: EntryRequest): Entry | null {
  if (entry !== undefined) return { name: entry, script: [entry], line: null };
  const own = readPackageJson(folder);
  const start = own?.start ?? null;
  const plain = start === null ? null : /^node ((?:[\w@.=/-]+ ?)+)$/.exec(start.trim());
  if (plain !== null) return { name: start as string, script: (plain[1] as string).trim().split(" "), line: null };
  if (start !== null) return { name: start, script: null, line: start };
  const main = [own?.main, "server.js", "index.js", "index.mjs"].find((name) => typeof name === "string" && existsSync(join(folder, name)));
  return !main ? null : { name: main, script: [main], line: null };
}

interface Attempt {
  readonly ok: boolean;
  readonly started: boolean;
  /** Whether the program came to an end by itself. */
  readonly ended: boolean;
  /** The status that each place answered with; 0: it did not. */
  readonly answers: readonly number[];
  /** What the answers name of the same server. */
  readonly parts: readonly PagePart[];
  readonly detail: string;
  /** What a reason is looked for in. */
  readonly text: string;
  readonly last: string | null;
  readonly seconds: number;
}

interface Request {
  readonly node: string;
  readonly entry: Entry;
  readonly cwd: string;
  readonly env: TrialContext["bare"];
  readonly request: EntryRequest;
  readonly seconds: number;
}

async function attempt(start: Start, { node, entry, cwd, env, request: { listen, alone }, seconds }: Request): Promise<Attempt> {
  const words = entry.script === null ? ["sh", "-c", entry.line ?? ""] : [node, ...entry.script];
  const patience = listen.length === 0 ? Math.min(STAY, seconds) : Math.max(seconds - 2, 1);
  const command = [node, "-e", STAYS_UP, "--", "--prove", String(patience), JSON.stringify(listen), alone ? "alone" : "shared", ...words];
  const ended = await start({ words: command, cwd, env }, { seconds: seconds + 5 });
  const told = tellOf(ended.results);
  const base = {
    started: ended.error === null,
    ended: told === null || told.status !== undefined || told.error !== undefined,
    answers: told?.answers ?? [],
    parts: told?.parts ?? [],
    text: `${printedBy({ ...ended, error: told?.error ?? null })}\n${plainText(told?.body ?? "")}`,
    last: lastLine(ended),
    seconds: told?.seconds ?? ended.seconds,
  };
  if (told === null) return { ...base, ok: false, detail: endedText(ended) };
  const after = `after ${plainCount(base.seconds)} s`;
  if (told.answered !== undefined)
    return { ...base, ok: true, detail: `answered ${answersText(told.answers, listen)}${partsText(told.parts)} ${after}` };
  if (told.listens !== undefined) return { ...base, ok: true, detail: `listens on port ${told.listens} ${after}` };
  if (told.up === true) return { ...base, ok: true, detail: `stayed up for ${plainCount(patience)} s` };
  if (told.unanswered !== undefined) return { ...base, ok: false, detail: `did not answer ${told.unanswered} ${after}` };
  if (told.error !== undefined) return { ...base, ok: false, detail: `did not start: ${told.error}` };
  return {
    ...base,
    ok: told.status === 0 && listen.length === 0,
    detail: `${told.status === null ? `was ended by ${told.signal}` : `ended with status ${told.status}`} ${after}`,
  };
}

/** An answer as the text that it shows: of JSON and HTML the quotes and line ends without what escapes them. */
function plainText(body: string): string {
  return body
    .slice(0, 4096)
    .replace(/\\n|<br ?\/?>/g, "\n")
    .replace(/\\(["'\\/])/g, "$1")
    .replace(/&(?:#39|#x27|apos);/g, "'")
    .replace(/&quot;/g, '"');
}

function answersText(statuses: readonly number[], listen: readonly Place[]): string {
  const [status] = statuses;
  return listen.length === 1 ? `${status} on port ${listen[0]?.port}` : `all ${listen.length} requests`;
}

interface Told {
  /** All places did. */
  readonly answered?: true;
  readonly listens?: number;
  readonly up?: boolean;
  /** The first place that did not, and what came instead. */
  readonly unanswered?: string;
  /** What that one answered instead: frameworks tell the error there, and print nothing. */
  readonly body?: string;
  readonly error?: string;
  readonly status?: number | null;
  readonly signal?: string | null;
  /** The status of each place's answer; 0: none that will do. */
  readonly answers: readonly number[];
  readonly parts: readonly PagePart[];
  readonly seconds: number;
}

/** The last line is what the starter told; whatever the program itself wrote there stands before. */
function tellOf(results: string): Told | null {
  try {
    return JSON.parse(results.trim().split("\n").at(-1) ?? "") as Told;
  } catch {
    return null;
  }
}
