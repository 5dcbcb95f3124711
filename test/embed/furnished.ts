import { constants, copyFileSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Bin, Environment } from "../../src/environment/environment.js";
import { makeEmbeddedFiles } from "../../src/embed/embedded-files.js";
import type { Notice } from "../../src/support/progress.js";
import { scratchFolder } from "../scratch.js";

/** A version too old for the one-file tool: without it an environment is furnished at once. */
const WITHOUT_PORTABLE_CLI = "18.20.0";

/** An environment with no packages, as far as this room looks at it. */
export function makeEnvironment(changes: Partial<Environment> = {}): Environment {
  const runtime = {
    version: WITHOUT_PORTABLE_CLI,
    os: process.platform,
    arch: process.arch,
    abi: process.versions.modules,
    napi: "9",
    binary: process.execPath,
    tools: new Map<string, string>(),
    origin: "current",
  } as unknown as Environment["runtime"];
  const nothing = { packages: [], bins: [], natives: [], notices: [] };
  const name = { kind: "project", name: "sample", version: "1.0.0", root: "/gone", namedRoot: "/gone", manager: null } as const;
  return { ...name, ...nothing, runtime, ...changes };
}

/** A temporary folder that is removed after the tests of the file. */
export function makeFolder(name = "plain"): string {
  const folder = scratchFolder("onboard");
  const inner = join(folder, name);
  mkdirSync(inner, { recursive: true });
  return inner;
}

/**
 * Lays out an environment's archive root: what makeEmbeddedFiles gives, a real node, and the files that are
 * named, by arcpath; contents that start with "#!" become executable.
 */
export async function layOut(
  root: string,
  environment: Environment,
  files: Readonly<Record<string, string>> = {},
  notices: Notice[] = [],
): Promise<string> {
  const made = await makeEmbeddedFiles(environment);
  notices.push(...made.notices);
  for (const entry of made.files) {
    if (entry.source.kind !== "bytes") throw new Error(`${entry.path} is not made of bytes`);
    write(join(root, entry.path), entry.source.bytes, entry.executable);
  }
  for (const [path, content] of Object.entries(files)) write(join(root, path), content, content.startsWith("#!"));
  if (environment.runtime !== null) bringNode(join(root, "bin/node"));
  return root;
}

export function write(file: string, content: string | Uint8Array, executable = false): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content, { mode: executable ? 0o755 : 0o644 });
}

/** A copy of the node that runs this test, never a link: tests change the modes of what they made. */
function bringNode(file: string): void {
  copyFileSync(realpathSync(process.execPath), file, constants.COPYFILE_FICLONE);
}

export function bin(name: string, file: string, start: Bin["start"] = "node"): Bin {
  return { name, file, start };
}

/** Every kind of character that has ended a script's life. */
export const NASTY = "a b'c\"d\\e$f`g\u00e9\u6f22*[x]\n&;(z)%h!~#";
