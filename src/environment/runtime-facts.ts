import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { EnvpackError } from "../support/errors.js";
import { readElf } from "../native/elf.js";
import { libcOf } from "../native/binary-platform.js";
import { foreignPlatform, readForeignFacts } from "./foreign-runtime.js";
import type { Runtime } from "./runtime.js";
import { isSystemLibrary } from "../native/system-libraries.js";

/** What a node binary says of itself, and what its header says of the system that it needs. */
export type RuntimeFacts = Pick<Runtime, "version" | "os" | "arch" | "abi" | "napi" | "libc" | "glibc"> & {
  /** Its own path as it sees it: behind a version manager's shim the real binary. */
  readonly execPath: string;
};

/** Old syntax, so that any node can tell how old it is. */
const QUESTION = `JSON.stringify({
  name: process.release && process.release.name, other: process.versions.bun || process.versions.electron || null,
  version: process.versions.node, abi: process.versions.modules, napi: process.versions.napi || "0",
  os: process.platform, arch: process.arch, execPath: process.execPath })`;

/** Milliseconds. A node answers in 50; a program that is none may wait for input for ever. */
const PATIENCE = 20_000;

/**
 * What a node binary is. One for another platform than this machine's is read; one of this platform is asked, by running it with an empty environment: a
 * NODE_OPTIONS or LD_LIBRARY_PATH that holds here will not hold where it travels to.
 *
 * @param libraries a folder of shared libraries that go with it where it stands beside them, in `bin/`
 */
export async function readRuntimeFacts(binary: string, signal?: AbortSignal, libraries?: string): Promise<RuntimeFacts> {
  const other = await foreignPlatform(binary);
  if (other !== null) return { ...(await readForeignFacts(binary, other, signal)), execPath: binary, ...readElfFacts(binary, libraries) };
  const answer = await ask(binary, signal, libraries);
  const { name, other: kind, ...facts } = answer;
  if (name !== "node" || kind !== null) throw notNode(binary);
  return { ...facts, ...readElfFacts(facts.execPath, libraries) };
}

type Answer = Omit<RuntimeFacts, "libc" | "glibc"> & { readonly name: string; readonly other: string | null };

async function ask(binary: string, signal: AbortSignal | undefined, libraries: string | undefined): Promise<Answer> {
  try {
    const options = { env: {}, timeout: PATIENCE, signal, windowsHide: true };
    const { stdout } = await promisify(execFile)(binary, ["-p", QUESTION], options);
    return JSON.parse(stdout) as Answer;
  } catch (error) {
    if (signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted", { cause: error });
    if (error instanceof SyntaxError) throw notNode(binary, error);
    // Where the loader cannot find its libraries, its header says which better than its exit status.
    readElfFacts(binary, libraries);
    throw notNode(binary, error);
  }
}

function notNode(binary: string, cause?: unknown): EnvpackError {
  return new EnvpackError("RUNTIME_NOT_FOUND", "this is no node that runs here", {
    path: binary,
    hint: "name a node binary, the folder it is installed in, or a version such as `--node 22`",
    cause,
  });
}

/**
 * The C library that a binary needs. Throws RUNTIME_NOT_PORTABLE where it needs libraries that other
 * machines do not have: a distribution's node, made of libnode.so and dozens of packages.
 *
 * @param libraries a folder beside the binary's own whose libraries travel too (conda's node has $ORIGIN/../lib)
 */
export function readElfFacts(binary: string, libraries?: string): Pick<RuntimeFacts, "libc" | "glibc"> {
  const elf = readElf(binary, null);
  if (elf === null) return { libc: null, glibc: null };
  const foreign = elf.needed.filter((name) => !isSystemLibrary(name) && !isBeside(binary, name, libraries));
  if (foreign.length > 0) {
    const more = foreign.length > 3 ? ` and ${foreign.length - 3} more` : "";
    throw notPortable(binary, `it needs ${foreign.slice(0, 3).join(", ")}${more}, which other machines do not have`);
  }
  if (elf.interpreter !== null && !/^(\/usr)?\/lib(32|64|x32)?\//.test(elf.interpreter)) {
    throw notPortable(binary, `its loader lies at ${elf.interpreter}, where other machines have none`);
  }
  return { libc: libcOf(elf), glibc: elf.glibc };
}

function isBeside(binary: string, name: string, libraries: string | undefined): boolean {
  return libraries !== undefined && dirname(dirname(binary)) === dirname(libraries) && existsSync(join(libraries, name));
}

function notPortable(binary: string, why: string): EnvpackError {
  const major = process.versions.node.split(".")[0] ?? "22";
  return new EnvpackError("RUNTIME_NOT_PORTABLE", `this node cannot travel: ${why}`, {
    path: binary,
    hint: `bring a release build with \`--node ${major}\`, or name one with \`--node PATH\``,
  });
}
