import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { run, type Outcome } from "./run.js";

/** What a program in the sandbox sees beside the system's own folders. */
export interface Sandbox {
  /** Host folders by the path at which they are seen; all read-only. */
  readonly shown: ReadonlyMap<string, string>;
  /** As `shown`, but what is written there stays; absent: none. */
  readonly writable?: ReadonlyMap<string, string>;
  readonly env: Readonly<Record<string, string>>;
  /** Whether the machine's own node can be found. */
  readonly node: "shown" | "hidden";
}

const SYSTEM = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/ld.so.cache"];

/** Names under which a machine has a node, or something that starts one. */
const NODES = ["node", "nodejs", "npm", "npx", "corepack", "pnpm", "yarn", "bun", "deno"];

/** Why nothing can be hidden on this machine; null where it can. */
export function sandboxMissing(): string | null {
  const { error, status } = spawnSync("bwrap", ["--ro-bind", "/", "/", "--unshare-all", "true"]);
  if (error !== undefined) return "bubblewrap is not installed";
  return status === 0 ? null : "bubblewrap may not unshare namespaces here";
}

/** Runs a program that sees the system's libraries, what the sandbox shows, an empty /tmp, and nothing else. */
export function runInside(sandbox: Sandbox, cwd: string, command: readonly string[]): Promise<Outcome> {
  const args = ["--unshare-all", "--die-with-parent", "--new-session", "--clearenv", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"];
  for (const path of SYSTEM.filter((one) => existsSync(one))) {
    if (lstatSync(path).isSymbolicLink()) args.push("--symlink", readlinkSync(path), path);
    else args.push("--ro-bind", path, path);
  }
  if (sandbox.node === "hidden") args.push(...hideNodes());
  for (const [path, host] of sandbox.shown) args.push("--ro-bind", host, path);
  for (const [path, host] of sandbox.writable ?? []) args.push("--bind", host, path);
  for (const [name, value] of Object.entries(sandbox.env)) args.push("--setenv", name, value);
  return run("bwrap", [...args, "--chdir", cwd, ...command]);
}

/** Folders that hold programs of Node are emptied; in /usr/bin such programs lose the x bit that makes them be found. */
function hideNodes(): string[] {
  const emptied = ["/usr/local", "/usr/lib/node_modules"].filter((folder) => existsSync(folder));
  const programs = NODES.map((name) => join("/usr/bin", name)).filter((file) => existsSync(file));
  // Links lead to what is masked or emptied.
  const masked = programs.filter((file) => lstatSync(file).isFile());
  return [...emptied.flatMap((folder) => ["--tmpfs", folder]), ...masked.flatMap((file) => ["--ro-bind", "/dev/null", file])];
}
