import { chmodSync, existsSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { vi } from "vitest";
import { pack, type PackOptions, type PackResult } from "../../src/verbs/pack/pack.js";
import { writeTree, type Content } from "../environment/tree.js";
import { bringManager, managerEnv } from "../real/environments/managers.js";
import { run, runWell, type Outcome } from "../real/environments/run.js";
import { execute, runElsewhere } from "../real/commands.js";

/** A project of the tests, with a real package manager at an exact version. */
export class ManagerProject {
  /** Moves away with `vanish`, so that nothing of it can be found any more. */
  readonly root: string;

  private constructor(
    private readonly folder: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {
    this.root = join(folder, "project");
  }

  /**
   * @param spec name and exact version, as "npm@11.21.2"
   * @param folder of its own, made here: the project, a home and the manager as a program lie in it
   * @param node the node that runs the manager, where this one is too old for it, as "node@24.21.0"
   */
  static async make(spec: string, folder: string, files: Readonly<Record<string, Content>>, node?: string): Promise<ManagerProject> {
    const { name, command, args } = await bringManager(spec);
    const bin = join(folder, "bin");
    mkdirSync(bin, { recursive: true });
    mkdirSync(join(folder, "home"), { recursive: true });
    const start = node === undefined || args.length === 0 ? command : (await bringManager(node)).command;
    const words = [start, ...args].map((word) => `'${word}'`).join(" ");
    writeFileSync(join(bin, name), `#!/bin/sh\nexec ${words} "$@"\n`);
    chmodSync(join(bin, name), 0o755);
    const env = await managerEnv(join(folder, "home"));
    const path = [bin, ...(start === command ? [] : [dirname(start)]), env.PATH].join(":");
    const project = new ManagerProject(folder, { ...env, PATH: path });
    writeTree(project.root, files);
    return project;
  }

  /** Makes this process a user of the project's manager, with its home, registry and PATH. */
  become(): void {
    // What npm told the tests' own process (npx does) is not for the managers that are tried.
    for (const name of Object.keys(process.env)) if (/^npm_config_/i.test(name) && !(name in this.env)) vi.stubEnv(name, undefined);
    for (const [name, value] of Object.entries(this.env)) vi.stubEnv(name, value);
  }

  /** Runs a line of shell in the project, with the manager on PATH; it must succeed. */
  sh(line: string): Promise<Outcome> {
    return runWell("sh", ["-c", line], { cwd: this.root, env: this.env, patience: 300_000 });
  }

  /** The same for what may fail. */
  trySh(line: string): Promise<Outcome> {
    return run("sh", ["-c", line], { cwd: this.root, env: this.env, patience: 300_000 });
  }

  /** Packs, and unpacks with the system's tar at another depth; with a node only where something is to be run there. */
  async pack(name: string, options: PackOptions = {}): Promise<Packed> {
    const output = join(this.folder, `${name}.tar`);
    const result = await pack({ output, force: true, reuse: false, node: "none", ...options, path: join(this.root, options.path ?? ".") });
    const env = join(this.folder, "moved", name, "a b/c");
    mkdirSync(env, { recursive: true });
    const { status, stderr } = execute("tar", ["-xf", output, "-C", env]);
    if (status !== 0) throw new Error(stderr);
    // The registry's own Node.js, which the newest LTS is tried with, has no npm beside it.
    const notices = result.notices.filter(({ code }) => code !== "RUNTIME_WITHOUT_NPM");
    return { ...result, notices, env };
  }

  /** Takes the project away, until the promise is done. */
  async vanished<T>(work: () => T): Promise<T> {
    const hidden = `${this.root}-gone`;
    renameSync(this.root, hidden);
    try {
      return await Promise.resolve(work());
    } finally {
      renameSync(hidden, this.root);
    }
  }
}

export interface Packed extends PackResult {
  /** Where it was unpacked. */
  readonly env: string;
}

/**
 * Runs a program of an unpacked environment: where it holds a node, with this machine's hidden; else with this one.
 *
 * @param args those that are paths in the environment are relative to it
 */
export function runMoved({ env }: Packed, ...args: readonly string[]): string {
  const words = args.map((arg) => (existsSync(join(env, arg)) ? join(env, arg) : arg));
  const isWhole = existsSync(join(env, "bin/node"));
  const path = [dirname(process.execPath), "/usr/bin", "/bin"].join(":");
  const command = isWhole ? words : words.map((word) => (word === "bin/node" ? process.execPath : word));
  const { status, stdout, stderr } = isWhole ? runElsewhere(command, [], env) : execute("env", ["-i", `PATH=${path}`, ...command]);
  if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}: ${stderr}`);
  return stdout.trim();
}

/** What was left out, by arcpath. */
export function leftOut({ leftOut: items }: PackResult): readonly string[] {
  return items.map(({ path }) => path);
}

/** Codes of the notes, sorted. */
export function codes({ notices }: PackResult): readonly string[] {
  return notices.map(({ code }) => code).sort();
}
