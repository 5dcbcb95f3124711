import { readFile } from "node:fs/promises";
import { fileOfBytes, type PlannedEntry, type PlannedFile } from "../archive/entry.js";
import type { Environment } from "../environment/environment.js";
import { targetOf } from "../environment/target.js";
import { resolveFolders } from "../plan/layout.js";
import type { Notice } from "../support/progress.js";
import { mergeEntries } from "./merge-entries.js";
import { narrowEnvironment } from "./narrow-environment.js";
import { makeLaunchers, toolCmdLauncher, toolLauncher } from "./launchers.js";
import { HOOK, PORTABLE_CLI, promptName } from "../archive/embedded.js";
import { arcpathOf } from "./layout.js";
import { readPortableCli } from "./portable-cli.js";

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

/** What an archive holds with what travels along. */
export interface Embedded {
  /** As the archive will hold it: without the packages and commands whose files were left out. */
  readonly environment: Environment;
  /** In the archive's order. */
  readonly entries: readonly PlannedEntry[];
  readonly notices: readonly Notice[];
}

/** Adds what travels along to what was planned, with the folders that hold it. */
export async function embedFiles(environment: Environment, entries: readonly PlannedEntry[]): Promise<Embedded> {
  const packed = narrowEnvironment(environment, entries);
  const { files, notices } = await makeEmbeddedFiles(packed);
  return { environment: packed, entries: mergeEntries(entries, files), notices };
}

/**
 * What an archive holds besides the environment's own files, as files that are made here: launchers
 * and activate scripts in `bin/`, this tool as `bin/envpack`, the import hook. Nothing of it names a
 * place: each file finds its own. The folders that hold them are the caller's to add.
 */
export async function makeEmbeddedFiles(
  environment: Environment,
): Promise<{ readonly files: readonly PlannedFile[]; readonly notices: readonly Notice[] }> {
  const { launchers, notices } = await makeLaunchers(environment);
  const files = [
    ...launchers.map(({ name, text }) => file(`bin/${name}`, text, true)),
    ...(await shellScripts(environment)),
    await hookFile(environment),
    ...(await portableCliFiles(environment)),
  ];
  return { files, notices };
}

/**
 * The tool is one file under a name that ends in .cjs: without the ending Node would ask the next
 * package.json above, which may be any where the environment is restored, what it is.
 */
async function portableCliFiles({ runtime, installedFor, name }: Environment): Promise<PlannedFile[]> {
  const tool = await readPortableCli(runtime);
  if (tool === null) return [file("bin/envpack", await readSource("shell/too-old.sh"), true)];
  return [
    file(PORTABLE_CLI, tool, false),
    file("bin/envpack", await toolLauncher({ runtime, name: promptName(name) }), true),
    ...(targetOf({ runtime, installedFor }).os === "win32" ? [file("bin/envpack.cmd", toolCmdLauncher(runtime), true)] : []),
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

async function hookFile(environment: Environment): Promise<PlannedFile> {
  const { kind, pnp } = environment;
  const values = new Map<string, string | readonly string[]>([
    ["@RESOLVE_FROM@", resolveFolders(environment)],
    ["@PNP@", pnp ? arcpathOf(kind, pnp.file) : ""],
    ["@PNP_LOADER@", pnp?.loader ? arcpathOf(kind, pnp.loader) : ""],
    ["@NAME@", environment.name.replaceAll(/[^\w.]+/g, "-").slice(0, 60)],
  ]);
  const hook = await readSource("hook/hook.cjs");
  return file(
    HOOK,
    hook.replace(/"(@[A-Z_]+@)"/g, (text, name: string) => JSON.stringify(values.get(name)) ?? text),
    false,
  );
}

function readSource(name: string): Promise<string> {
  return readFile(new URL(name, import.meta.url), "utf8");
}

function file(path: string, content: string | Uint8Array, executable: boolean): PlannedFile {
  return fileOfBytes(path, typeof content === "string" ? Buffer.from(content) : content, executable);
}
