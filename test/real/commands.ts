import { spawnSync, type SpawnSyncOptions } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";
import { scratchFolder } from "../scratch.js";
import { nodeOver } from "../small-node.js";

export const ENVPACK = join(import.meta.dirname, "../../bin/envpack.js");

/** How a command ended. */
export interface Outcome {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder for this test file, removed when its tests are over. */
export function makeScratch(): string {
  return scratchFolder("real");
}

/** Starts the real tool as a user's shell would. */
export function envpack(args: readonly string[], options: SpawnSyncOptions = {}): Outcome {
  return execute(process.execPath, [ENVPACK, ...args], options);
}

export function execute(command: string, args: readonly string[], options: SpawnSyncOptions = {}): Outcome {
  const { error, status, signal, stdout, stderr } = spawnSync(command, args, {
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 1 << 28,
    ...options,
    encoding: "utf8",
  });
  if (error !== undefined) throw error;
  return { status, signal, stdout, stderr };
}

/** Runs a line of shell in which "$ENVPACK" is the tool. */
export function shell(line: string, options: SpawnSyncOptions = {}): Outcome {
  const env = { ...process.env, ...options.env, ENVPACK, NODE: process.execPath };
  return execute("bash", ["-c", `envpack() { "$NODE" "$ENVPACK" "$@"; }; ${line}`], { ...options, env });
}

/** Whether a program is on PATH. */
export function has(program: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, program)));
}

/**
 * Runs a command as on a machine that has no Node and never saw the source: in a sandbox without
 * network in which both are covered, where bubblewrap can make one; else with an empty environment
 * and whatever the caller has moved away.
 *
 * @param root an extracted environment whose node may be a small one (test/small-node.ts)
 */
export function runElsewhere(command: readonly string[], hidden: readonly string[] = [], root = ""): Outcome {
  const plain = ["env", "-i", "PATH=/usr/bin:/bin", ...command];
  if (!canSandbox()) return execute(plain[0] ?? "", plain.slice(1));
  const covered = hidden.filter((folder) => existsSync(folder)).flatMap((folder) => ["--tmpfs", folder]);
  const nodes = nodesOnPath().flatMap((file) => ["--ro-bind", "/dev/null", file]);
  const over = [...nodeOver(root)].flatMap(([file, node]) => ["--ro-bind", node, file]);
  const base = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-net", "--unshare-pid", "--die-with-parent"];
  return execute("bwrap", [...base, ...nodes, ...covered, ...over, "--", ...plain]);
}

let sandbox: boolean | undefined;

/** Whether bubblewrap is here and allowed to work. */
export function canSandbox(): boolean {
  sandbox ??= has("bwrap") && execute("bwrap", ["--ro-bind", "/", "/", "--unshare-net", "--", "true"]).status === 0;
  return sandbox;
}

/** Every node that a PATH search could find; links resolved, since a mount needs the file itself. */
export function nodesOnPath(): string[] {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/bin", "/bin", "/usr/local/bin"];
  const files = folders.map((folder) => join(folder, "node")).filter((file) => existsSync(file));
  return [...new Set(files.map((file) => realpathSync(file)))];
}

/** Another user of this machine, by number: the one that owns nothing. */
export const NOBODY = { uid: 65534, gid: 65534 };

/** Why nothing can be tried as NOBODY here; null where it can. */
export function nobodyMissing(): string | null {
  if (process.getuid?.() !== 0) return "only root can act as another user";
  const { error, status } = spawnSync(process.execPath, [ENVPACK, "--version"], { ...NOBODY, cwd: "/", stdio: "ignore" });
  return error === undefined && status === 0 ? null : "another user may not start this node or read this folder";
}
