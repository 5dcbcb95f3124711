import { existsSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { directDependencies, packagesOf, type Built } from "./build.js";
import type { EnvironmentCase } from "./case.js";
import { CACHE } from "./cache.js";
import { runInside, type Sandbox } from "./sandbox.js";
import type { Outcome } from "./run.js";
import { nodeOver } from "../../small-node.js";

/** Where the extracted archive is seen: another depth, and a name that quoting has to survive. */
const ELSEWHERE = "/elsewhere/at another/depth/than/the/origin/env";

/** What a case's environment does, by the name of what was tried; the same before and after a move. */
export type Doings = Readonly<Record<string, unknown>>;

/** How to start things in one of the two places. */
interface Place {
  readonly sandbox: Sandbox;
  /** The root of a case's files, as seen inside. */
  readonly root: string;
  /** A package's folder as seen inside. */
  readonly folderOf: (path: string) => string;
  /** Runs a script of a package's folder by node. */
  readonly node: (script: string, args: readonly string[]) => readonly string[];
  /** The shim of the package manager, or what the manager itself has for it; null: there is none. */
  readonly shim: (bin: string) => readonly string[] | null;
}

/** What the environment does where it was built, the network off and nothing else of this machine in sight. */
export function tryBefore(built: Built): Promise<Doings> {
  return tryAll(built, placeBefore(built));
}

/** What it does as a plain tar extracted it: by its own node, with origin, stores, homes and the machine's node out of sight. */
export async function tryAfter(built: Built, extracted: string): Promise<{ doings: Doings; launched: Doings }> {
  const place = placeAfter(built, extracted);
  const launcher: Place = { ...place, shim: (bin) => [join(ELSEWHERE, "bin", bin)] };
  return { doings: await tryAll(built, place), launched: await tryBins(built, launcher) };
}

function placeBefore(built: Built): Place {
  const { one, manager, origin, project } = built;
  const node = process.execPath;
  const shown = new Map([
    [built.folder, built.folder],
    [join(CACHE, "managers"), join(CACHE, "managers")],
  ]);
  if (!node.startsWith("/usr/")) shown.set(node, node);
  const pnp = one.pnp === true ? pnpOptions(dirname(pnpFile(built))) : [];
  return {
    sandbox: {
      shown,
      node: "shown",
      env: { HOME: built.home, LANG: "C.UTF-8", PATH: `${dirname(node)}:/usr/bin:/bin`, YARN_ENABLE_TELEMETRY: "0" },
    },
    root: origin,
    folderOf: (path) => join(origin, path),
    node: (script, args) => [node, ...pnp, script, ...args],
    shim: (bin) => {
      if (usesManager(one)) return [manager.command, ...manager.args, "run", "--binaries-only", bin];
      return findShim(project, origin, bin);
    },
  };
}

function placeAfter({ one }: Built, extracted: string): Place {
  const folderOf = (path: string): string => join(ELSEWHERE, one.arcpaths?.[path] ?? join("app", path));
  const env = { LANG: "C.UTF-8", PATH: `${ELSEWHERE}/bin:/usr/bin:/bin` };
  const over = [...nodeOver(extracted)].map(([file, node]) => [file.replace(extracted, ELSEWHERE), node] as const);
  const activated = ["/bin/sh", "-c", '. "$0/bin/activate"; exec node "$@"', ELSEWHERE];
  return {
    sandbox: { shown: new Map([[ELSEWHERE, extracted], ...over]), node: "hidden", env },
    root: ELSEWHERE,
    folderOf,
    node: (script, args) => [...(one.pnp === true ? activated : [`${ELSEWHERE}/bin/node`]), script, ...args],
    shim: (bin) => {
      if (usesManager(one)) return [join(ELSEWHERE, "bin", bin)];
      const folder = join(extracted, folderOf(one.project ?? ".").slice(ELSEWHERE.length));
      const found = findShim(folder, extracted, bin);
      return found?.map((file) => file.replace(extracted, ELSEWHERE)) ?? null;
    },
  };
}

function usesManager(one: EnvironmentCase): boolean {
  return one.pnp === true || one.shims === "manager";
}

/** The nearest node_modules/.bin that has the command, as npm puts them all on PATH. */
function findShim(folder: string, top: string, bin: string): string[] | null {
  for (let from = folder; from.startsWith(top); from = dirname(from)) {
    const file = join(from, "node_modules/.bin", bin);
    if (existsSync(file)) return [file];
  }
  return null;
}

function pnpFile({ origin, project, one }: Built): string {
  const files = [project, join(origin, one.installIn ?? "."), origin].map((folder) => join(folder, ".pnp.cjs"));
  return files.find((file) => existsSync(file)) ?? (files[0] as string);
}

function pnpOptions(folder: string): string[] {
  const loader = join(folder, ".pnp.loader.mjs");
  return ["--require", join(folder, ".pnp.cjs"), ...(existsSync(loader) ? ["--experimental-loader", loader] : [])];
}

async function tryAll(built: Built, place: Place): Promise<Doings> {
  const doings: Record<string, unknown> = {};
  for (const path of packagesOf(built.one)) {
    const cwd = place.folderOf(path);
    const names = directDependencies(built, path);
    const outcome = await runInside(place.sandbox, cwd, place.node(join(cwd, "smoke.mjs"), names));
    doings[`packages of ${path}`] = readSmoke(outcome, place);
  }
  for (const script of built.one.scripts ?? []) {
    const folder =
      packagesOf(built.one)
        .filter((path) => path === "." || script.startsWith(`${path}/`))
        .at(-1) ?? ".";
    const cwd = place.folderOf(folder);
    const file = join(cwd, folder === "." ? script : script.slice(folder.length + 1));
    doings[`script ${script}`] = tell(await runInside(place.sandbox, cwd, place.node(file, [])), place);
  }
  return { ...doings, ...(await tryBins(built, place)) };
}

async function tryBins({ one }: Built, place: Place): Promise<Doings> {
  const doings: Record<string, unknown> = {};
  const cwd = place.folderOf(one.project ?? ".");
  const commands = Object.entries(one.bins ?? {});
  if (one.phantom !== undefined) commands.push([one.phantom.bin, one.phantom.args]);
  for (const [bin, args] of commands) {
    const shim = place.shim(bin);
    const label = args === one.phantom?.args ? `phantom through ${bin}` : `command ${bin}`;
    doings[label] = shim === null ? "not there" : tell(await runInside(place.sandbox, cwd, [...shim, ...args]), place);
  }
  return doings;
}

/** Where something was found matters only when it lies outside; it is another place after each move. */
function readSmoke(outcome: Outcome, place: Place): unknown {
  if (outcome.status !== 0) return tell(outcome, place);
  const found = JSON.parse(outcome.stdout) as Record<string, { imported: string; required: string; place: string }>;
  const rows = Object.entries(found).map(([name, { imported, required, place: file }]) => {
    const strays = place.root === ELSEWHERE && file.startsWith("/") && !file.startsWith(`${ELSEWHERE}/`);
    return [name, { imported, required, ...(strays ? { strays: file } : {}) }];
  });
  return Object.fromEntries(rows);
}

/** What a failure is called; its message tells of places, which differ. */
function tell({ status, stdout, stderr }: Outcome, { root }: Place): unknown {
  if (status === 0) {
    const said = stdout.replaceAll(root, "ROOT").replaceAll(real(root), "ROOT");
    return { status, said: said.replace(/\b\d+(\.\d+)? ?m?s\b/g, "TIME") };
  }
  const code = /\bcode: '(\w+)'/.exec(stderr)?.[1] ?? /^(\w*Error)\b/m.exec(stderr)?.[1];
  return { status, failed: code ?? lastLines(stderr) };
}

function real(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

function lastLines(text: string): string {
  return text.trim().split("\n").slice(-8).join("\n");
}
