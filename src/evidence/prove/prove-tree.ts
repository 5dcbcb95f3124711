import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { applyFixups } from "../../relocate/apply.js";
import type { Conditions } from "./conditions.js";
import type { SourceContext, Start, TrialContext } from "./context.js";
import { OpenedFiles, traced } from "./opened.js";
import { findPlugAndPlay, optionsOf } from "./plug-and-play.js";
import type { ProofRun, Trial } from "./report.js";
import { findOnPath, chooseSandbox } from "./sandbox/choose.js";
import { ownRootFs, type RootFs } from "./sandbox/root-fs.js";
import { PLACES, type InsideCommand, type Line, type Sandbox, type SandboxKind, type View } from "./sandbox/sandbox.js";
import { startLimited, type Ended, type Limits } from "./start-limited.js";
import type { Subject } from "./subject.js";
import { tryCommands } from "./trials/commands.js";
import { assertEntry, tryEntry, type EntryRequest } from "./trials/entry.js";
import { IMPORT_SCRIPT, tryImports } from "./trials/imports.js";
import { tryLibraries } from "./trials/libraries.js";
import { tryLinks } from "./trials/links.js";
import { IMPORTS } from "./trials/probe-source.js";
import { tryUserCommand } from "./trials/user.js";
import { append } from "../../support/append.js";

export interface ProveRequest {
  readonly subject: Subject;
  readonly conditions: Conditions;
  /** An empty folder of the proof's own. */
  readonly work: string;
  /** Another system's root folder; null: this machine's system. */
  readonly rootFs: RootFs | null;
  readonly sandbox?: SandboxKind;
  readonly entry: Omit<EntryRequest, "alone">;
  /** Commands of the user's: words each. */
  readonly commands: readonly (readonly string[])[];
  /** Of each trial. */
  readonly seconds: number;
  /** Commands that are tried at the same time: more than there are processors for would not end within their seconds. */
  readonly atOnce: number;
  /** Folders of this machine that must not be named: the source, homes, stores. */
  readonly hiddenRoots: readonly string[];
  /** The variables of an activated shell, from those of a bare one. */
  readonly activate: (root: string, env: Readonly<Record<string, string>>) => Record<string, string>;
  readonly signal?: AbortSignal;
  /** Told what has been tried. */
  readonly onTrials?: (done: number) => void;
}

/** Tries an environment under one worker's conditions. */
export async function proveTree(request: ProveRequest): Promise<ProofRun> {
  const began = performance.now();
  const { subject, conditions, hiddenRoots } = request;
  assertEntry(subject, request.entry.entry);
  const view = prepareView(request);
  const sandbox = await chooseSandbox(view, request.sandbox, request.signal);
  // What names the environment's own place is to name the one inside.
  await applyFixups(subject.tree, { root: sandbox.place, signal: request.signal });
  const opened = new OpenedFiles([sandbox.place, sandbox.jobPlace, PLACES.alias, "/etc/passwd", "/etc/group", "/etc/hosts"], hiddenRoots);
  const context = makeContext(request, view, sandbox, opened);
  const entry = { ...request.entry, alone: sandbox.kind !== "none" };
  const trials: Trial[] = [];
  const add = (found: readonly Trial[]): void => {
    append(trials, found);
    request.onTrials?.(trials.length);
  };
  add(tryLinks(context));
  add(await tryLibraries(context));
  add(await tryImports(context));
  add(await tryCommands(context, request.atOnce));
  add([await tryEntry(context, entry)]);
  for (const words of request.commands) add([await tryUserCommand(context, words)]);
  const runtime = subject.manifest.runtime === null ? ["this machine's Node.js, since none is inside"] : [];
  return {
    conditions: conditions.name,
    sandbox: sandbox.kind,
    place: sandbox.place,
    hidden: sandbox.hidden,
    visible: [...sandbox.visible, ...runtime],
    trials,
    opened: opened.finish(),
    ok: trials.every(({ outcome }) => outcome !== "failed"),
    seconds: (performance.now() - began) / 1000,
  };
}

/** Writes what is shown inside beside the environment. */
function prepareView({ subject, conditions, work, rootFs }: ProveRequest): View {
  const job = join(work, "job");
  mkdirSync(job, { recursive: true });
  mkdirSync(join(work, "home"), { recursive: true });
  // What the names were hidden for is read by the user that it is hidden from.
  for (const folder of [work, job]) chmodSync(folder, 0o755);
  chmodSync(join(work, "home"), 0o777);
  const { uid, gid, named, home } = conditions;
  const files = new Map([
    [join(job, IMPORT_SCRIPT), IMPORTS],
    [join(work, "passwd"), `root:x:0:0::/root:/bin/sh\n${named && uid !== 0 ? `worker:x:${uid}:${gid}::${home ?? "/"}:/bin/sh\n` : ""}`],
    [join(work, "group"), `root:x:0:\n${named && gid !== 0 ? `worker:x:${gid}:\n` : ""}`],
    [join(work, "hosts"), "127.0.0.1 localhost worker\n::1 localhost\n"],
  ]);
  for (const [file, text] of files) {
    writeFileSync(file, text);
    chmodSync(file, 0o644);
  }
  const own = rootFs ?? ownRootFs(conditions.certificates);
  return { conditions, rootFs: withHostNode(own, subject), tree: subject.tree, place: PLACES.tree, work, job, jobPlace: PLACES.job };
}

/** Where no Node.js went in, it is the worker's own that runs the environment: this machine's stands for that. */
function withHostNode(rootFs: RootFs, { manifest }: Subject): RootFs {
  if (manifest.runtime !== null || !rootFs.own) return rootFs;
  return { ...rootFs, shown: [...rootFs.shown, { kind: "file", inside: HOST_NODE, host: process.execPath }] };
}

const HOST_NODE = "/worker/local/node/bin/node";

function makeContext(request: ProveRequest, view: View, sandbox: Sandbox, opened: OpenedFiles): TrialContext {
  const { subject, conditions, hiddenRoots, activate, seconds } = request;
  const { place, kind } = sandbox;
  const reached = conditions.alias === null || kind === "none" ? place : posix.join(PLACES.alias, conditions.alias);
  const bare = bareVariables(conditions, reached, subject, kind);
  const node =
    subject.manifest.runtime !== null
      ? posix.join(reached, "bin/node")
      : kind === "none" || !view.rootFs.own
        ? kind === "none"
          ? process.execPath
          : "node"
        : HOST_NODE;
  return {
    subject,
    sandbox,
    bare,
    activated: activate(reached, bare),
    reached,
    node,
    seconds,
    reason: { place, hiddenRoots },
    start: starter(request, view, sandbox, opened),
    atSource: sourceContext(request),
    noteLoaded: (files) => opened.noteLoaded(files),
  };
}

function bareVariables({ home, variables }: Conditions, root: string, { manifest }: Subject, kind: SandboxKind): Record<string, string> {
  const node = manifest.runtime === null ? `${dirname(kind === "none" ? process.execPath : HOST_NODE)}:` : "";
  return { PATH: `${root}/bin:${node}/usr/bin:/bin`, ...(home === null ? {} : { HOME: home }), ...variables };
}

/** Starts commands inside; below strace(1), where that is to be had. */
function starter({ conditions, seconds, signal }: ProveRequest, { work }: View, sandbox: Sandbox, opened: OpenedFiles): Start {
  const strace = findOnPath("strace");
  let mayTrace = strace !== null && sandbox.kind !== "none";
  let count = 0;
  return async (command, limits = {}) => {
    const line = sandbox.wrap(command);
    const all: Limits = { seconds, memory: conditions.memory, signal, ...limits };
    if (!mayTrace || strace === null) return startLimited(line, all);
    const trace = join(work, `trace-${count++}`);
    const ended = await startTraced(strace, line, trace, all);
    // Where tracing is forbidden, nothing of the command was started.
    if (existsSync(trace) && !/^(?:.*strace: |.*ptrace\()/m.test(ended.stderr.slice(0, 500))) {
      opened.noteTrace(trace, command.words[0] ?? "");
      return ended;
    }
    mayTrace = false;
    return startLimited(line, all);
  };
}

/** The file is made first: strace is the user that the line becomes. */
async function startTraced(strace: string, line: Line, trace: string, limits: Limits): Promise<Ended> {
  writeFileSync(trace, "");
  chmodSync(trace, 0o666);
  return startLimited(traced(strace, line, trace), limits);
}

/** This user's own place: what it sees of the machine stays, and the network is taken away where that can be done. */
function sourceContext({ subject: { source, manifest }, seconds, signal }: ProveRequest): SourceContext | null {
  if (source === null) return null;
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined && name !== "NODE_OPTIONS") env[name] = value;
  const pathOf = (arcpath: string): string | null => {
    if (arcpath === source.arcpath) return source.folder;
    const prefix = source.arcpath === "" ? "" : `${source.arcpath}/`;
    return arcpath.startsWith(prefix) ? join(source.folder, arcpath.slice(prefix.length)) : null;
  };
  const folder = pathOf(manifest.kind === "project" ? (manifest.resolveFrom[0] ?? "") : "") ?? source.folder;
  // What is not there can fail at nothing.
  if (!existsSync(folder)) return null;
  // There its manager starts it; without Yarn's own options all would fail there, and each failure here be as before.
  const pnp = findPlugAndPlay(folder, source.folder);
  if (pnp !== null) env.NODE_OPTIONS = optionsOf(pnp);
  const bins = [...[...new Set([folder, source.folder])].map((at) => join(at, "node_modules/.bin")), join(source.folder, "bin")];
  env.PATH = [...bins, dirname(process.execPath), env.PATH ?? "/usr/bin:/bin"].join(":");
  const start: Start = ({ words, cwd, env: own }: InsideCommand, limits = {}) =>
    startLimited(withoutNetwork({ words, cwd, env: own }), { seconds, signal, ...limits });
  return { start, node: process.execPath, folder, bins, env, pathOf };
}

function withoutNetwork({ words: [program = "", ...args], cwd, env }: InsideCommand): Line {
  const bubblewrap = findOnPath("bwrap");
  const mark = `source-${process.pid}-${Math.random().toString(36).slice(2)}`;
  const marked = { ...env, ENVPACK_PROOF: mark };
  if (bubblewrap === null) return { file: program, args, env: marked, cwd, mark };
  return {
    file: bubblewrap,
    args: [
      "--dev-bind",
      "/",
      "/",
      "--unshare-net",
      "--unshare-pid",
      "--proc",
      "/proc",
      "--die-with-parent",
      "--chdir",
      cwd,
      "--",
      program,
      ...args,
    ],
    env: marked,
    cwd,
  };
}
