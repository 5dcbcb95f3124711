import { readFile } from "node:fs/promises";
import { fileOfBytes, type PlannedFile } from "../archive/entry.js";
import type { Environment } from "../environment/environment.js";
import { resolveFolders } from "../plan/layout.js";
import type { Notice } from "../progress.js";
import { makeLaunchers, toolLauncher } from "./launchers.js";
import { arcpathOf, HOOK, HOOK_THREAD, promptName, TRAVELER } from "./layout.js";
import { readTraveler } from "./traveler-file.js";

/** Scripts that a shell sources; their names in `bin/` and their sources in this room. */
const SHELL_SCRIPTS = new Map([
  ["activate", "activate.sh"],
  ["activate.fish", "activate.fish"],
  ["activate.csh", "activate.csh"],
  ["activate.ps1", "activate.ps1"],
  ["activate.bat", "activate.bat"],
  ["deactivate", "deactivate.sh"],
  ["deactivate.fish", "deactivate.fish"],
  ["deactivate.csh", "deactivate.csh"],
  ["deactivate.ps1", "deactivate.ps1"],
  ["deactivate.bat", "deactivate.bat"],
]);

/**
 * What an archive holds besides the environment's own files, as files that are made here: launchers
 * and activate scripts in `bin/`, this tool as `bin/envpack`, the import hook. Nothing of it names a
 * place: each file finds its own. The folders that hold them are the caller's to add.
 *
 * @param note is told of commands that get no launcher
 */
export async function furnish(
  environment: Environment,
  note: (notice: Notice) => void = () => undefined,
): Promise<readonly PlannedFile[]> {
  const launchers = await makeLaunchers(environment, note);
  return [
    ...launchers.map(({ name, text }) => file(`bin/${name}`, text, true)),
    ...(await shellScripts(environment)),
    ...(await hookFiles(environment)),
    ...(await travelerFiles(environment)),
  ];
}

/**
 * The tool is one file under a name that ends in .cjs: without the ending Node would ask the next
 * package.json above, which may be any where the environment is restored, what it is.
 */
async function travelerFiles({ runtime }: Environment): Promise<PlannedFile[]> {
  const traveler = await readTraveler(runtime);
  if (traveler === null) return [file("bin/envpack", await readSource("shell/too-old.sh"), true)];
  return [
    file(TRAVELER, traveler, false),
    file("bin/envpack", await toolLauncher(runtime), true),
  ];
}

/** They are real files with a placeholder or two, so that they read as what they are. */
async function shellScripts(environment: Environment): Promise<PlannedFile[]> {
  const name = promptName(environment.name);
  const entries = [...SHELL_SCRIPTS].map(async ([arcname, source]) => {
    const text = await readSource(`activate/${source}`);
    // cmd.exe misreads labels and blocks of files with bare line feeds.
    const lines = arcname.endsWith(".bat") ? text.replaceAll("\n", "\r\n") : text;
    return file(`bin/${arcname}`, lines.replaceAll("@NAME@", name), false);
  });
  return Promise.all(entries);
}

async function hookFiles(environment: Environment): Promise<PlannedFile[]> {
  const { kind, pnp } = environment;
  const values = new Map<string, string | readonly string[]>([
    ["@RESOLVE_FROM@", resolveFolders(environment)],
    ["@PNP@", pnp ? arcpathOf(kind, pnp.file) : ""],
    ["@PNP_LOADER@", pnp?.loader ? arcpathOf(kind, pnp.loader) : ""],
  ]);
  const hook = await readSource("hook/hook.cjs");
  return [
    file(HOOK, hook.replace(/"(@[A-Z_]+@)"/g, (text, name: string) => JSON.stringify(values.get(name)) ?? text), false),
    file(HOOK_THREAD, await readSource("hook/hook-thread.mjs"), false),
  ];
}

function readSource(name: string): Promise<string> {
  return readFile(new URL(name, import.meta.url), "utf8");
}

function file(path: string, content: string | Uint8Array, executable: boolean): PlannedFile {
  return fileOfBytes(path, typeof content === "string" ? Buffer.from(content) : content, executable);
}
