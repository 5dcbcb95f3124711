import { spawnSync, type SpawnSyncOptions } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { decodeStubHeader, type StubFields } from "../../src/archive/stub/header.js";
import { pack, type PackOptions, type PackResult } from "../../src/verbs/pack/pack.js";
import type { Outcome } from "../real/commands.js";

/** The shells that a self-extracting file is tried in, and how each is started. */
export const SHELLS = ["dash", "bash", "bash --posix", "ksh", "mksh", "zsh", "yash", "busybox sh"];

/** A project with a file that names its folder, a command, and names that want to be quoted. */
export function writeShop(folder: string): void {
  const write = (path: string, content: string): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  write("package.json", JSON.stringify({ name: "@acme/shop", version: "1.4.0", dependencies: { words: "1.0.0" } }));
  write("node_modules/words/package.json", JSON.stringify({ name: "words", version: "1.0.0", bin: { say: "say.js" } }));
  write("node_modules/words/say.js", "#!/usr/bin/env node\nconsole.log(JSON.stringify(process.argv.slice(2)));\n");
  write("node_modules/words/place.json", JSON.stringify({ place: `${folder}/app` }));
  write('it\'s a "name" $HOME/-dash/ünï.txt', "hello\n");
}

/** Packs the project as a self-extracting file. */
export async function packShop(project: string, output: string, options: PackOptions = {}): Promise<PackResult> {
  return pack({ path: project, node: "none", threads: 1, output, reuse: false, ...options });
}

export function fieldsOf(file: Buffer): StubFields {
  return decodeStubHeader(file);
}

/** A file with one byte changed. */
export function flip(file: Buffer, at: number): Buffer {
  const bad = Buffer.from(file);
  bad[at] = (bad[at] ?? 0) ^ 1;
  return bad;
}

/** Starts something in little of an environment: the system's programs, and a cache of the test's own. */
export function start(command: string, args: readonly string[], options: SpawnSyncOptions & { readonly cache?: string } = {}): Outcome {
  const [program = "", ...words] = command.split(" ");
  const env = { PATH: "/usr/bin:/bin", ...(options.cache === undefined ? {} : { XDG_CACHE_HOME: options.cache }), ...options.env };
  const { error, status, signal, stdout, stderr } = spawnSync(program, [...words, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    ...options,
    env,
    encoding: "utf8",
  });
  if (error !== undefined) throw error;
  return { status, signal, stdout, stderr };
}
