import { existsSync, readdirSync, type Dirent } from "node:fs";
import { join, posix } from "node:path";
import type { ManagerRecord } from "../../manifest/manifest.js";
import { joinPath } from "../installed.js";
import { isLauncher } from "./launcher-kinds.js";
import { readShortText } from "../../support/read-text.js";

/** Where a prefix keeps its packages and its commands; all paths relative to it, "" for itself. */
export interface PrefixLayout {
  readonly manager: ManagerRecord;
  /** Folders whose node_modules the user's global packages stand in, in the order in which imports look there. */
  readonly importers: readonly string[];
  /** Folders of virtual stores outside node_modules, each with a node_modules of its own. */
  readonly stored: readonly string[];
  /** Folders of commands. */
  readonly commands: readonly string[];
}

/**
 * How a prefix is laid out, by what is on the disk; null where the folder is no prefix. Managers may
 * share one: what each keeps is put together, and the manifest names the first.
 */
export function readLayout(root: string): PrefixLayout | null {
  const found = [readPnpm, readBun, readYarn, readDeno, readNpm].map((read) => read(root)).filter((layout) => layout !== null);
  const [first] = found;
  if (first === undefined) return null;
  return {
    manager: first.manager,
    importers: unique(found.flatMap((layout) => layout.importers)),
    stored: unique(found.flatMap((layout) => layout.stored)),
    commands: unique(found.flatMap((layout) => layout.commands)),
  };
}

/** `lib/node_modules`, whose commands are links in `bin/`: a runtime's, or of `npm config set prefix`. */
function readNpm(root: string): PrefixLayout | null {
  if (!existsSync(join(root, "lib/node_modules")) && !existsSync(join(root, "bin/node"))) return null;
  const version = readText(join(root, "lib/node_modules/npm/package.json"), /"version":\s*"([^"]+)"/);
  return { manager: { name: "npm", version }, importers: ["lib"], stored: [], commands: ["bin"] };
}

/**
 * PNPM_HOME: `global/5` up to pnpm 10, whose commands stand in PNPM_HOME itself; `global/v11/<id>` for each
 * `pnpm add -g` later, with commands in `bin/` and packages in `store/v11/links`. Links to these folders
 * are other names of them.
 */
function readPnpm(root: string): PrefixLayout | null {
  const importers = subfolders(root, "global")
    .flatMap((name) => [`global/${name}`, ...subfolders(root, `global/${name}`).map((id) => `global/${name}/${id}`)])
    .filter((folder) => existsSync(join(root, folder, "node_modules/.modules.yaml")));
  const [first] = importers;
  if (first === undefined) return null;
  const note = join(root, first, "node_modules/.modules.yaml");
  const version = readText(note, /"?packageManager"?:\s*["']?pnpm@([^\s"',+]+)/);
  const stored = unique(importers.flatMap((folder) => virtualStore(root, folder)));
  return { manager: { name: "pnpm", version }, importers, stored, commands: ["bin", ""] };
}

/** The folders of a virtual store that lies outside node_modules: `<id>`, or `<scope>/<name>/<version>/<hash>`. */
function virtualStore(root: string, importer: string): string[] {
  const named = readText(join(root, importer, "node_modules/.modules.yaml"), /"?virtualStoreDir"?:\s*["']?([^\s"',]+)/);
  const store = posix.join(importer, "node_modules", named ?? ".pnpm");
  if (store.startsWith("..") || posix.isAbsolute(named ?? "") || /(^|\/)node_modules\//.test(store)) return [];
  const below = (folders: readonly string[]): string[] =>
    folders.flatMap((folder) => subfolders(root, folder).map((name) => `${folder}/${name}`));
  return posix.basename(store) === "links" ? below(below(below(below([store])))) : below([store]);
}

/** BUN_INSTALL. */
function readBun(root: string): PrefixLayout | null {
  if (!existsSync(join(root, "install/global/node_modules"))) return null;
  return { manager: { name: "bun", version: null }, importers: ["install/global"], stored: [], commands: ["bin"] };
}

/** Yarn 1's global folder, or a folder that holds it as `global` beside the commands. */
function readYarn(root: string): PrefixLayout | null {
  const importer = ["", "global"].find((folder) => {
    const modules = join(root, folder, "node_modules");
    return existsSync(join(root, folder, "package.json")) && existsSync(join(modules, ".yarn-integrity"));
  });
  if (importer === undefined) return null;
  const commands = existsSync(join(root, "bin")) ? "bin" : joinPath(importer, "node_modules/.bin");
  return { manager: { name: "yarn", version: null }, importers: [importer], stored: [], commands: [commands] };
}

/** DENO_INSTALL_ROOT: scripts in `bin/`, each with a folder `.<name>` beside it. */
function readDeno(root: string): PrefixLayout | null {
  const tools = list(root, "bin").filter((entry) => entry.isFile() && isLauncher("deno", join(root, "bin", entry.name)));
  if (tools.length === 0) return null;
  const importers = tools.map(({ name }) => `bin/.${name}`).filter((folder) => existsSync(join(root, folder, "node_modules")));
  return { manager: { name: "deno", version: null }, importers, stored: [], commands: ["bin"] };
}

function readText(file: string, pattern: RegExp): string | null {
  if (!existsSync(file)) return null;
  return pattern.exec(readShortText(file))?.[1] ?? null;
}

function subfolders(root: string, path: string): string[] {
  return list(root, path)
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** What cannot be listed is looked at again, and told of, when it is planned. */
function list(root: string, path: string): Dirent[] {
  try {
    return readdirSync(join(root, path), { withFileTypes: true });
  } catch {
    return [];
  }
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
