import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { open } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { text } from "node:stream/consumers";
import { EnvpackError, explainError } from "../support/errors.js";
import { explainHdfs } from "./hdfs-errors.js";
import type { HdfsStatus, HdfsStore } from "./hdfs-store.js";

/**
 * Settings of every call: modes are not left to the caller's umask, and a NameNode that is not there is
 * told of in a minute. Hadoop's own default asks for a quarter of an hour.
 */
const SETTINGS = ["fs.permissions.umask-mode=022", "ipc.client.connect.max.retries=2", "ipc.client.connect.max.retries.on.timeouts=2"];

/** A line of `hdfs dfs -ls -d`: mode, replicas, owner, group, bytes, time, path. */
const LISTED = /^([d-])([rwxsStT-]{9})[+.]?\s.*?\s(\d+) \d{4}-\d\d-\d\d \d\d:\d\d (.+)$/;

/** The `hdfs` of this machine: of HADOOP_HOME, of HADOOP_HDFS_HOME, or on PATH; null where there is none. */
export function findHdfs(env: NodeJS.ProcessEnv): string | null {
  const homes = [env.HADOOP_HOME, env.HADOOP_HDFS_HOME].filter((home) => home !== undefined && home !== "");
  const folders = [...homes.map((home) => join(home ?? "", "bin")), ...(env.PATH ?? "").split(delimiter).filter((folder) => folder !== "")];
  return folders.map((folder) => join(folder, "hdfs")).find((file) => existsSync(file)) ?? null;
}

/** HDFS through Hadoop's own client, which knows about Kerberos, nameservices and other file systems. */
export class HdfsClient implements HdfsStore {
  readonly #program: string;
  readonly #root: string;
  readonly #signal: AbortSignal | undefined;
  readonly via: string;

  /** @param root the file system, "hdfs://namenode:8020", or "hdfs://" for the client's own default */
  constructor(program: string, root: string, signal?: AbortSignal) {
    this.#program = program;
    this.#root = root;
    this.#signal = signal;
    this.via = `the hdfs client ${program}`;
  }

  async look(paths: readonly string[]): Promise<readonly (HdfsStatus | null)[]> {
    const { status, stdout, stderr } = await this.#run(["-ls", "-d", ...paths.map((path) => this.#uri(path))]);
    const others = stderr
      .split("\n")
      .filter((line) => !/No such file or directory/.test(line))
      .join("\n");
    const found = new Map(stdout.split("\n").flatMap((line) => parseListed(line)));
    const missing = stderr.split("\n").length - others.split("\n").length;
    if (status !== 0 && found.size + missing < paths.length) throw explainHdfs(others, "cannot look at HDFS", this.#uri(paths[0] ?? "/"));
    return paths.map((path) => found.get(path) ?? null);
  }

  async makeFolder(path: string): Promise<void> {
    await this.#must(["-mkdir", "-p", this.#uri(path)], "cannot make the folder", path);
  }

  async write(path: string, file: string): Promise<void> {
    const handle = await open(file).catch((error: unknown) => {
      throw explainError(error, "cannot read the archive", file);
    });
    try {
      // By stdin: names of local files are URIs to the client, so that "%" and "#" in them would mean something.
      await this.#must(["-put", "-", this.#uri(path)], "cannot write to HDFS", path, handle.fd);
    } finally {
      await handle.close();
    }
  }

  async *read(path: string): AsyncIterable<Uint8Array> {
    const child = this.#start(["-cat", this.#uri(path)]);
    const said = text(child.stderr!);
    const ended = once(child, "close") as Promise<[number | null]>;
    ended.catch(() => undefined);
    yield* child.stdout as AsyncIterable<Buffer>;
    const [status] = await this.#guard(ended);
    if (status !== 0) throw this.#failure(await said, "cannot read back from HDFS", path);
  }

  async rename(from: string, to: string): Promise<boolean> {
    const { status, stderr } = await this.#run(["-mv", this.#uri(from), this.#uri(to)]);
    if (status !== 0 && /File exists/.test(stderr)) return false;
    if (status !== 0) throw this.#failure(stderr, "cannot rename on HDFS", to);
    return true;
  }

  async setMode(path: string, mode: number): Promise<void> {
    await this.#must(["-chmod", mode.toString(8), this.#uri(path)], "cannot set the mode", path);
  }

  async remove(path: string): Promise<void> {
    // -put writes to this other name first.
    const files = [path, `${path}._COPYING_`].map((one) => this.#uri(one));
    const child = spawn(this.#program, [...this.#words(), "-rm", "-f", "-skipTrash", ...files], { stdio: "ignore", detached: true });
    await once(child, "close").catch(() => undefined);
  }

  #uri(path: string): string {
    return `${this.#root}${path}`;
  }

  #words(): string[] {
    return ["dfs", ...SETTINGS.flatMap((setting) => ["-D", setting])];
  }

  #start(args: readonly string[], stdin: SpawnOptions["stdio"] | number = "ignore"): ChildProcess {
    if (this.#signal?.aborted) throw new EnvpackError("INTERRUPTED", "interrupted");
    const stdio = [stdin, "pipe", "pipe"] as SpawnOptions["stdio"];
    return spawn(this.#program, [...this.#words(), ...args], { stdio, signal: this.#signal });
  }

  async #run(args: readonly string[], stdin?: number): Promise<{ status: number | null; stdout: string; stderr: string }> {
    const child = this.#start(args, stdin);
    const [stdout, stderr, [status]] = await this.#guard(
      Promise.all([text(child.stdout!), text(child.stderr!), once(child, "close") as Promise<[number | null]>]),
    );
    // A Ctrl-C on a terminal ends the client by itself, maybe before the signal was seen here.
    await new Promise(setImmediate);
    if (this.#signal?.aborted) throw new EnvpackError("INTERRUPTED", "interrupted");
    return { status, stdout, stderr };
  }

  async #must(args: readonly string[], doing: string, path: string, stdin?: number): Promise<void> {
    const { status, stderr } = await this.#run(args, stdin);
    if (status !== 0) throw this.#failure(stderr, doing, path);
  }

  #failure(stderr: string, doing: string, path: string): EnvpackError {
    return explainHdfs(stderr, doing, this.#uri(path));
  }

  /** Tells why the client did not start, or that the work was stopped. */
  async #guard<T>(ended: Promise<T>): Promise<T> {
    try {
      return await ended;
    } catch (error) {
      throw explainError(error, "cannot start the hdfs client", this.#program);
    }
  }
}

/** What a line says, by the path on the file system; nothing where it is no listing. */
function parseListed(line: string): [string, HdfsStatus][] {
  const [, type, letters = "", bytes, name = ""] = LISTED.exec(line) ?? [];
  if (type === undefined) return [];
  const path = name.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*/i, "") || "/";
  return [[path, { kind: type === "d" ? "folder" : "file", length: Number(bytes), mode: modeOf(letters) }]];
}

/** "rwxr-xr-x" as a number; the sticky bit's "t" is an x, its "T" none. */
function modeOf(letters: string): number {
  return [...letters].reduce((mode, letter) => (mode << 1) | (/[rwxst]/.test(letter) ? 1 : 0), 0);
}
