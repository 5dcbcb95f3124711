import { readFile } from "node:fs/promises";
import type { Bin, Environment } from "../environment/environment.js";
import type { Runtime } from "../environment/runtime.js";
import { targetOf } from "../environment/target.js";
import { describePlatform } from "../manifest/host.js";
import type { Notice } from "../support/progress.js";
import { PORTABLE_CLI } from "../archive/embedded.js";
import { ARCHIVE_ENDINGS } from "../archive/formats.js";
import { isOwnCommand } from "../environment/own-commands.js";
import { cmdText } from "./cmd-launcher.js";
import { arcpathOf, RUNTIME_TOOLS } from "./layout.js";
import { quoteForShell } from "../support/quote.js";

/** The text of one launcher: a POSIX shell script that stands in `bin/`. */
export interface Launcher {
  readonly name: string;
  readonly text: string;
}

/** What a launcher starts: an arcpath, by node (with options of its own) or by itself. */
interface Start {
  readonly script: string;
  readonly start: Bin["start"];
  readonly nodeOptions: readonly string[];
  /** Arcpaths of folders for NODE_PATH: what the package manager's own shim would set. */
  readonly nodePath: readonly string[];
  /** Arcpaths of files that every node loads first, by the option that does. */
  readonly preload?: readonly (readonly [option: string, file: string])[];
  /** Whether it is npm's own, which installs globally into the environment that is activated. */
  readonly isNpm?: boolean;
}

/**
 * The launchers of an environment's commands and of the runtime's tools, sorted by name. A package's
 * command never takes a name that is the environment's own; it does take the name of a runtime's
 * tool: a project that depends on npm itself means that npm, as its own scripts do.
 *
 * @returns also notices of commands that get no launcher, and of tools that a package replaces
 */
export async function makeLaunchers(
  environment: Environment,
): Promise<{ readonly launchers: readonly Launcher[]; readonly notices: readonly Notice[] }> {
  const notices: Notice[] = [];
  const starts = new Map<string, Start>(runtimeTools(environment));
  for (const bin of environment.bins) {
    const refusal = refuseName(bin.name);
    if (refusal !== null) {
      notices.push({ code: "BIN_LEFT_OUT", message: refusal, path: bin.file });
      continue;
    }
    const script = arcpathOf(environment.kind, bin.file);
    // A prefix's own command that works as it stands.
    if (script === `bin/${bin.name}`) continue;
    if (starts.has(bin.name) && starts.get(bin.name)?.script !== script) {
      const message = `bin/${bin.name} starts the one that the environment depends on, not the runtime's`;
      notices.push({ code: "BIN_REPLACES_TOOL", message, path: bin.file });
    }
    const { start, nodeOptions = [], nodePath = [] } = bin;
    const folders = nodePath.map((folder) => arcpathOf(environment.kind, folder));
    starts.set(bin.name, { script, start, nodeOptions, nodePath: folders, preload: preloadsOf(environment) });
  }
  const parts = await readParts(environment.runtime !== null);
  const shell = [...starts].map(([name, start]) => ({ name, text: launcherText(start, parts) }));
  const windows = targetOf(environment).os === "win32" ? cmdLaunchers(starts, environment.runtime !== null) : [];
  const launchers = [...shell, ...windows];
  return { launchers: launchers.sort((a, b) => (a.name < b.name ? -1 : 1)), notices };
}

/** Git's shell takes those without an ending; cmd.exe and PowerShell take these, but for scripts of other interpreters. */
function cmdLaunchers(starts: ReadonlyMap<string, Start>, ownNode: boolean): Launcher[] {
  const taken = [...starts].filter(
    ([name, { script, start }]) => !starts.has(`${name}.cmd`) && (start === "node" || /\.(exe|cmd|bat)$/i.test(script)),
  );
  return taken.map(([name, start]) => ({ name: `${name}.cmd`, text: cmdText(start, ownNode) }));
}

/** The text of `bin/envpack.cmd`. */
export function toolCmdLauncher(runtime: Runtime | null): string {
  return cmdText({ script: PORTABLE_CLI, start: "node", nodeOptions: [], nodePath: [] }, runtime !== null);
}

/**
 * The text of `bin/envpack`. On a machine that cannot start the environment's node it says so in one sentence.
 * `envpack run COMMAND` it does by itself, so that the command takes the place of all that was started before.
 *
 * @param name the environment's, as prompts show it
 */
export async function toolLauncher({ runtime, name }: { readonly runtime: Runtime | null; readonly name: string }): Promise<string> {
  const parts = await readParts(runtime !== null);
  const fits = runtime === null ? "" : await fitsText(runtime);
  const run = (await readShell("run"))
    .replace("@QUOTE@\n", () => parts.quoteRoot)
    .replace("@NAME@", () => name)
    .replace("@ARCHIVES@", ARCHIVE_NAMES);
  return launcherText(
    { script: PORTABLE_CLI, start: "node", nodeOptions: [], nodePath: [] },
    { ...parts, check: parts.check + fits + run },
  );
}

/** Names of archives, as patterns of a shell. */
const ARCHIVE_NAMES = ARCHIVE_ENDINGS.map((ending) => `*${ending}`).join(" | ");

/** What `uname -s -m` says, by `process.platform` and `process.arch`. */
const MACHINES = new Map([
  ["linux x64", "Linux x86_64"],
  ["linux arm64", "Linux aarch64"],
  ["darwin x64", "Darwin x86_64"],
  ["darwin arm64", "Darwin arm64"],
]);

async function fitsText({ os, arch, libc, glibc }: Runtime): Promise<string> {
  const machine = MACHINES.get(`${os} ${arch}`);
  if (machine === undefined) return "";
  const values = new Map([
    ["@MACHINE@", `'${machine}'`],
    ["@GLIBC@", glibc ?? ""],
    ["@NEEDS@", describePlatform({ os, arch, libc, glibc }, " or newer")],
  ]);
  return (await readShell("fits")).replace(/@[A-Z]+@/g, (name) => values.get(name) ?? name);
}

/** What all launchers share: how they find their place, and how they start node. */
interface Parts {
  readonly locate: string;
  readonly check: string;
  readonly node: string;
  readonly quoteRoot: string;
  readonly whole: string;
  readonly npmPrefix: string;
}

async function readParts(ownNode: boolean): Promise<Parts> {
  const shared = {
    locate: await readShell("locate"),
    quoteRoot: await readShell("quote-root"),
    whole: await readShell("whole"),
    npmPrefix: await readShell("npm-prefix"),
  };
  return ownNode
    ? { ...shared, check: await readShell("own-node"), node: '${_ep_loader:+"$_ep_loader"} "$_ep_bin/node"' }
    : { ...shared, check: await readShell("node-of-path"), node: "node" };
}

/** They are files so that they read as what they are. */
function readShell(name: "fits" | "locate" | "node-of-path" | "npm-prefix" | "own-node" | "quote-root" | "run" | "whole"): Promise<string> {
  return readFile(new URL(`./shell/${name}.sh`, import.meta.url), "utf8");
}

function runtimeTools({ runtime }: Environment): [string, Start][] {
  return RUNTIME_TOOLS.filter(({ tool }) => runtime?.tools.has(tool)).map(({ name, tool, script }) => [
    name,
    { script, start: "node", nodeOptions: [], nodePath: [], isNpm: tool === "npm" },
  ]);
}

function refuseName(name: string): string | null {
  if (isOwnCommand(name)) return `the command ${name} gets no launcher: the name is the environment's own`;
  if (name === "" || name === "." || name === ".." || /[/\\\0-\x1f\x7f]/.test(name)) {
    return `a command gets no launcher: its name ${JSON.stringify(name)} cannot be that of a file`;
  }
  return null;
}

/** Plug'n'Play answers for every node that a command starts, as it does below `yarn run`. */
function preloadsOf({ kind, pnp }: Environment): Start["preload"] {
  if (!pnp) return undefined;
  const loader: [string, string][] = pnp.loader === null ? [] : [["--experimental-loader", arcpathOf(kind, pnp.loader)]];
  return [["--require", arcpathOf(kind, pnp.file)], ...loader];
}

function launcherText(
  { script, start, nodeOptions, nodePath, preload = [], isNpm = false }: Start,
  { locate, check, node, quoteRoot, whole, npmPrefix }: Parts,
): string {
  const file = `"$_ep_root"/${quoteForShell(script)}`;
  const command = start === "node" ? [node, ...nodeOptions.map(quoteForShell), file].join(" ") : file;
  // With Plug'n'Play the script lies in an archive, which only what is loaded first can look into.
  const needed = (preload.length > 0 ? preload.map(([, path]) => path) : [script]).map((path) => `"$_ep_root"/${quoteForShell(path)}`);
  const intact = whole.replace("@FILES@", () => needed.join(" "));
  const parts = [
    locate,
    intact,
    isNpm ? npmPrefix : "",
    start === "node" ? check : "",
    nodePathText(nodePath),
    preloadText(preload, quoteRoot),
    `exec ${command} "$@"\n`,
  ];
  return `#!/bin/sh\n${parts.join("")}`;
}

/** What pnpm's own shim does: a command finds what pnpm hoisted without its package's declaring it. */
function nodePathText(folders: readonly string[]): string {
  if (folders.length === 0) return "";
  const places = folders.map((folder) => `"$_ep_root"/${quoteForShell(folder)}`).join(":");
  return `NODE_PATH=${places}\${NODE_PATH:+":$NODE_PATH"}\nexport NODE_PATH\n`;
}

/** Node splits NODE_OPTIONS at spaces: the root stands between double quotes, with a backslash before what they would end. */
function preloadText(preload: NonNullable<Start["preload"]>, quoteRoot: string): string {
  if (preload.length === 0) return "";
  const options = preload.map(([option, file]) => `${option} \\"$_ep_quoted/${file}\\"`).join(" ");
  return `${quoteRoot}NODE_OPTIONS="${options}\${NODE_OPTIONS:+ $NODE_OPTIONS}"\nexport NODE_OPTIONS\n`;
}
