import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import type { Start, TrialContext } from "../context.js";
import type { Trial } from "../report.js";
import { findPlugAndPlay } from "../plug-and-play.js";
import { findPackage, ownFolders, readPackageJson } from "../subject.js";
import { tellAlike } from "./as-before.js";
import { endedText, lastLine } from "./ended-text.js";
import { IMPORTS } from "./probe-source.js";
import { reasonOf } from "./reason.js";
import { append } from "../../../support/append.js";

/** The file of a script that lies elsewhere, in the folder of jobs. */
export const IMPORT_SCRIPT = "import-all.cjs";

/** What importing one package came to. */
interface Attempt {
  readonly ok: boolean;
  /** "ERR_REQUIRE_ESM" … */
  readonly code: string;
  readonly text: string;
}

interface Loaded {
  readonly required: Attempt;
  readonly imported: Attempt;
  readonly seconds: number;
}

/** Requires and imports every direct dependency: from the project's own folders, and from a script elsewhere. */
export async function tryImports(context: TrialContext): Promise<Trial[]> {
  const { subject, bare, activated, reached, node, sandbox, atSource } = context;
  const folders = ownFolders(subject).map((folder) => ({ folder, names: dependenciesOf(context, folder) }));
  const trials: Trial[] = [];
  for (const { folder, names } of folders) {
    const { tried, skipped } = names;
    append(trials, skipped);
    const here = posix.join(reached, folder);
    const isPnp = findPlugAndPlay(join(subject.tree, folder), subject.tree) !== null;
    const run =
      (start: Start, program: string, cwd: string, env: TrialContext["bare"], from: readonly string[]) => (rest: readonly string[]) =>
        start({ words: [program, ...from, "--prove", ...rest], cwd, env }, { perResult: true });
    const found = await loadAll(tried, context, run(context.start, node, here, isPnp ? activated : bare, ["-e", IMPORTS, "--"]));
    const failing = tried.filter((name) => !holds(found.get(name)));
    const sourceFolder = atSource?.pathOf(folder) ?? null;
    const before =
      atSource === null || sourceFolder === null || failing.length === 0
        ? null
        : await loadAll(failing, context, run(atSource.start, atSource.node, sourceFolder, atSource.env, ["-e", IMPORTS, "--"]));
    append(
      trials,
      tried.map((name) => judge(context, name, "project", found.get(name), before?.get(name))),
    );
    if (folder !== subject.manifest.resolveFrom[0]) continue;
    const elsewhere = await loadAll(
      tried,
      context,
      run(context.start, node, sandbox.jobPlace, activated, [posix.join(sandbox.jobPlace, IMPORT_SCRIPT)]),
    );
    const importOnly = subject.manifest.runtime?.hook === "require";
    append(
      trials,
      tried.map((name) =>
        judge(
          context,
          name,
          "elsewhere",
          importOnly ? requiredOnly(elsewhere.get(name)) : elsewhere.get(name),
          found.get(name)?.required.ok === false ? before?.get(name) : undefined,
        ),
      ),
    );
  }
  return trials;
}

/** An old Node's hook answers `require` alone, as the manifest says. */
function requiredOnly(loaded: Loaded | undefined): Loaded | undefined {
  return loaded === undefined ? undefined : { ...loaded, imported: loaded.required };
}

/** The packages that a folder's package.json names, and those of them that there is nothing to load of. */
function dependenciesOf(
  { subject: { tree, manifest } }: TrialContext,
  folder: string,
): { readonly tried: string[]; readonly skipped: Trial[] } {
  const own = readPackageJson(join(tree, folder));
  const tried: string[] = [];
  const skipped: Trial[] = [];
  if (own === null) return { tried, skipped };
  const declared = [...own.dependencies, ...own.optional];
  for (const name of new Set(declared.length === 0 ? own.dev : declared)) {
    const found = findPackage(tree, folder, name);
    const skip =
      found === null
        ? manifest.slim?.trace !== undefined
          ? "left out by a trace"
          : own.optional.includes(name) || own.dev.includes(name)
            ? "not installed, and not asked for"
            : null
        : hasEntry(found)
          ? null
          : "has nothing to import";
    if (skip === null) tried.push(name);
    else skipped.push({ kind: "import", name, from: "project", outcome: "skipped", detail: skip, reason: null, seconds: 0 });
  }
  return { tried, skipped };
}

/** Whether a package can be imported by its bare name: those of commands and of types cannot. */
function hasEntry(folder: string): boolean {
  const own = readPackageJson(folder);
  if (own === null || own.hasExports || own.main !== null) return true;
  return ["index.js", "index.json", "index.node", "index.mjs", "index.cjs"].some((name) => existsSync(join(folder, name)));
}

type Run = (names: readonly string[]) => ReturnType<Start>;

/** Loads packages in one process; where one ends it, or never comes back, the next process goes on behind that one. */
async function loadAll(names: readonly string[], { noteLoaded }: TrialContext, run: Run): Promise<Map<string, Loaded>> {
  const found = new Map<string, Loaded>();
  let rest = names;
  while (rest.length > 0) {
    const ended = await run(rest);
    const lines = ended.results
      .split("\n")
      .map(parseLine)
      .filter((line) => line !== null);
    let last = 0;
    for (const line of lines) {
      if (typeof line.begin === "number") last = line.begin;
      if (typeof line.end === "number")
        found.set(rest[line.end] ?? "", {
          required: attemptOf(line.required),
          imported: attemptOf(line.imported),
          seconds: secondsOf(line.required) + secondsOf(line.imported),
        });
      if (typeof line.late === "number") noteLate(found, rest[line.late], line.error);
      if (Array.isArray(line.loaded)) noteLoaded(line.loaded.filter((path) => typeof path === "string"));
    }
    if (lines.some(({ loaded }) => loaded !== undefined)) return found;
    // It ended while this one was loaded.
    const failed = { ok: false, code: "", text: `${endedText(ended)}\n${lastLine(ended) ?? ""}\n${ended.stderr}` };
    found.set(rest[last] ?? "", { required: failed, imported: failed, seconds: ended.seconds });
    rest = rest.slice(last + 1);
  }
  return found;
}

function parseLine(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function attemptOf(value: unknown): Attempt {
  const { ok, error } = (value ?? {}) as { ok?: unknown; error?: unknown };
  return { ok: ok === true, ...errorOf(error) };
}

function errorOf(error: unknown): Omit<Attempt, "ok"> {
  const { code, message, stack } = (error ?? {}) as Record<string, unknown>;
  return {
    code: typeof code === "string" ? code : "",
    text: `${typeof message === "string" ? message : ""}\n${typeof stack === "string" ? stack : ""}`,
  };
}

function secondsOf(value: unknown): number {
  const { seconds } = (value ?? {}) as { seconds?: unknown };
  return typeof seconds === "number" ? seconds : 0;
}

function noteLate(found: Map<string, Loaded>, name: string | undefined, error: unknown): void {
  const before = name === undefined ? undefined : found.get(name);
  if (name === undefined || before === undefined) return;
  const late = { ok: false, ...errorOf(error) };
  found.set(name, { ...before, required: late, imported: late });
}

/** What only says that a package is to be loaded the other way. */
const OTHER_WAY = new Set(["ERR_REQUIRE_ESM", "ERR_REQUIRE_ASYNC_MODULE", "ERR_PACKAGE_PATH_NOT_EXPORTED"]);

function holds(loaded: Loaded | undefined): boolean {
  if (loaded === undefined) return false;
  const { required, imported } = loaded;
  if (required.ok && imported.ok) return true;
  return isOtherWay(required) ? imported.ok || isOtherWay(imported) : required.ok && isOtherWay(imported);
}

function isOtherWay({ ok, code }: Attempt): boolean {
  return !ok && OTHER_WAY.has(code);
}

function judge(
  context: TrialContext,
  name: string,
  from: "project" | "elsewhere",
  loaded: Loaded | undefined,
  before: Loaded | undefined,
): Trial {
  const base = { kind: "import" as const, name, from, seconds: loaded?.seconds ?? 0 };
  if (holds(loaded) && loaded !== undefined) return { ...base, outcome: "ok", detail: waysText(loaded), reason: null };
  const text = failureOf(loaded);
  const detail =
    loaded?.required.ok === true
      ? "required, cannot be imported"
      : loaded?.imported.ok === true
        ? "imported, cannot be required"
        : firstLine(text);
  const worked = before === undefined || holds(before) || !tellAlike(text, failureOf(before), context);
  return {
    ...base,
    outcome: worked ? "failed" : "as before",
    detail,
    reason: reasonOf(text, context.reason) ?? (firstLine(text) === detail ? null : firstLine(text)),
  };
}

/** What the way that failed threw; empty where nothing is known of it. */
function failureOf(loaded: Loaded | undefined): string {
  return loaded === undefined ? "" : (loaded.required.ok ? loaded.imported : loaded.required).text;
}

function waysText({ required, imported }: Loaded): string {
  if (required.ok && imported.ok) return "required, imported";
  return required.ok ? "required" : imported.ok ? "imported" : "exports nothing by its bare name";
}

function firstLine(text: string): string {
  return (
    text
      .split("\n")
      .find((line) => line.trim() !== "")
      ?.trim()
      .slice(0, 300) ?? "was not loaded"
  );
}
