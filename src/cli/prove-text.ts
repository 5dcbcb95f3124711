import type { ProofRun, ProveResult, Trial } from "../index.js";
import { escapeText } from "../support/unsafe-text.js";
import { formatSeconds } from "./quantities.js";
import { countOf } from "../support/quantities.js";

/** Files from outside that are named before the rest is only counted. */
const SHOWN = 6;

/** What `envpack prove` prints: a line for each thing that was tried, what failed with its reason. */
export function proveText({ ok, name, version, source, emulator, like, runs, seconds }: ProveResult, onlyFailures: boolean): string {
  const title = `${name}${version === null ? "" : ` ${version}`}`;
  const lines = runs.flatMap((run) => (onlyFailures ? failedLines(run) : runLines(run)));
  const where = runs.map(({ conditions }) => conditions).join(", ");
  const failed = runs.reduce((count, run) => count + run.trials.filter(({ outcome }) => outcome === "failed").length, 0);
  const notes = [
    like === null ? null : `on the root file system of ${like}`,
    emulator === null ? null : `by the emulator ${emulator}`,
    source === null ? "nothing to compare with: the folder that it was packed from was not named (--source)" : `compared with ${source}`,
  ].filter((note) => note !== null);
  const verdict = ok
    ? `proved: ${title} runs elsewhere (${where}), in ${formatSeconds(seconds)}`
    : `not proved: ${countOf(failed, "trial fails", "trials fail")} (${title}; ${where})`;
  return [...lines, ...(onlyFailures ? [] : notes.map((note) => `note: ${note}`)), verdict].map(escapeText).join("\n");
}

function runLines(run: ProofRun): string[] {
  const { conditions, sandbox, hidden, visible, trials, opened, seconds } = run;
  return [
    `${conditions}: ${sandbox === "none" ? "no sandbox" : sandbox}, ${formatSeconds(seconds)}`,
    `  hidden: ${hidden.join(", ")}`,
    ...(visible.length === 0 ? [] : [`  not hidden: ${visible.join(", ")}`]),
    ...trials.filter(({ outcome }) => outcome !== "ok").map((trial) => `  ${trialText(trial)}`),
    ...summaries(trials).map((line) => `  ${line}`),
    ...openedLines(opened),
  ];
}

function failedLines({ conditions, trials }: ProofRun): string[] {
  return trials.filter(({ outcome }) => outcome === "failed").map((trial) => `${conditions}: ${trialText(trial)}`);
}

const MARKS = { ok: "ok", failed: "FAILED", "as before": "as before", skipped: "skipped" } as const;
const KINDS = { links: "link", libraries: "addon", import: "import", command: "command", entry: "entry", user: "run" } as const;

/** One thing that was tried, in one line. */
export function trialText({ kind, name, from, outcome, detail, reason }: Trial): string {
  const what = [KINDS[kind], name, from === "elsewhere" ? "(from a script elsewhere)" : ""].filter((part) => part !== "").join(" ");
  return `${MARKS[outcome].padEnd(9)} ${what}: ${detail}${reason === null || reason === detail ? "" : `: ${reason}`}`;
}

/** What went well is counted, but for what there is one of. */
function summaries(trials: readonly Trial[]): string[] {
  const good = trials.filter(({ outcome }) => outcome === "ok");
  const single = good.filter(({ kind }) => kind === "entry" || kind === "user" || kind === "links" || kind === "libraries").map(trialText);
  const count = (kind: Trial["kind"], from: Trial["from"]): number =>
    good.filter((trial) => trial.kind === kind && trial.from === from).length;
  const [project, elsewhere, commands] = [count("import", "project"), count("import", "elsewhere"), count("command", null)];
  return [
    ...(project === 0 ? [] : [`ok        ${countOf(project, "dependency", "dependencies")} loaded from the project`]),
    ...(elsewhere === 0 ? [] : [`ok        ${countOf(elsewhere, "dependency", "dependencies")} loaded from a script elsewhere`]),
    ...(commands === 0 ? [] : [`ok        ${countOf(commands, "command", "commands")} started`]),
    ...single,
  ];
}

function openedLines({ by, files, missed }: ProofRun["opened"]): string[] {
  const shown = files.slice(0, SHOWN).join(" ");
  const more = files.length > SHOWN ? ` and ${files.length - SHOWN} more` : "";
  const how = by === "strace" ? "opened from outside" : "loaded from outside";
  return [
    ...(files.length === 0 ? [] : [`  ${how}: ${shown}${more}`]),
    ...missed.slice(0, SHOWN).map((path) => `  looked for ${path}, which is on this machine only`),
  ];
}
