import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { canSandbox, ENVPACK, nodesOnPath, type Outcome } from "../../real/commands.js";
import { SOURCES, type Hadoop } from "./bring-hadoop.js";
import { WebHdfs } from "./web-hdfs.js";

/**
 * What Java 17 has to be told of Hadoop 3, and what keeps many small JVMs small: also in their virtual memory. Their counters would
 * lie in /tmp under their process ids, of which each command here has its own series.
 */
const JAVA_OPTIONS = [
  ...["io", "lang", "lang.reflect", "math", "net", "text", "util", "util.concurrent", "util.zip"].map(
    (name) => `--add-opens=java.base/java.${name}=ALL-UNNAMED`,
  ),
  ...[
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-XX:CompressedClassSpaceSize=64m",
    "-XX:ReservedCodeCacheSize=64m",
    "-XX:-UsePerfData",
  ],
].join(" ");

/** All processes end with the one that started them, even if that is killed. */
const TOGETHER = ["bwrap", "--dev-bind", "/", "/", "--proc", "/proc", "--unshare-pid", "--die-with-parent"];

/** Seconds for the cluster to start and for one job, on a busy machine. */
const PATIENCE = 420;

/** A small Hadoop on this machine: HDFS, and YARN with two nodes whose containers find no node of this machine. */
export class Cluster {
  /** "hdfs://localhost:PORT" */
  hdfs = "";
  /** "http://localhost:PORT" of WebHDFS. */
  web = "";
  /** What lies on HDFS. */
  files = new WebHdfs("");
  private server: ChildProcessByStdio<Writable, Readable, null> | null = null;

  constructor(
    private readonly hadoop: Hadoop,
    /** Its own folder; everything it writes is in there. */
    readonly folder: string,
  ) {}

  /** Hadoop's commands and envpack, as on a user's PATH. */
  get bin(): string {
    return join(this.folder, "bin");
  }

  /** The variables of someone who uses the cluster. */
  get env(): NodeJS.ProcessEnv {
    return { ...process.env, ...this.javaEnv, PATH: `${this.bin}${delimiter}${process.env.PATH}` };
  }

  async start(): Promise<void> {
    mkdirSync(this.bin, { recursive: true });
    for (const name of ["hdfs", "mapred", "yarn"]) symlinkSync(join(SOURCES, "launcher.sh"), join(this.bin, name));
    writeFileSync(join(this.bin, "envpack"), `#!/bin/sh\nexec '${process.execPath}' '${ENVPACK}' "$@"\n`);
    chmodSync(join(this.bin, "envpack"), 0o755);
    await this.compile();
    const hidden = canSandbox() ? [...TOGETHER, ...nodesOnPath().flatMap((file) => ["--ro-bind", "/dev/null", file]), "--"] : [];
    const log4j = `-Dlog4j.configuration=file:${join(SOURCES, "log4j.properties")}`;
    const [program = "", ...args] = [
      ...hidden,
      join(this.hadoop.javaHome, "bin/java"),
      "-Xmx768m",
      `-Djava.io.tmpdir=${this.folder}`,
      log4j,
      "-cp",
      this.classPath,
      "Cluster",
      this.folder,
    ];
    const env = { ...this.javaEnv, PATH: "/usr/bin:/bin", HOME: this.folder, HADOOP_HDFS_HOME: this.folder };
    const log = join(this.folder, "cluster.log");
    const server = spawn("bash", ["-c", `exec "$@" 2>'${log}'`, "bash", program, ...args], {
      cwd: this.folder,
      env,
      stdio: ["pipe", "pipe", "ignore"],
    });
    this.server = server;
    const failed = once(server, "close").then(() =>
      Promise.reject(new Error(`the cluster did not start:\n${readFileSync(log, "utf8").slice(-4000)}`)),
    );
    failed.catch(() => undefined);
    for await (const line of createInterface({ input: server.stdout })) {
      [this.hdfs = "", this.web = ""] = line.split(" ");
      this.files = new WebHdfs(this.web);
      if (this.hdfs.startsWith("hdfs://")) return;
    }
    await failed;
  }

  /** Ends it, and every container of it. */
  async stop(): Promise<void> {
    const { server } = this;
    if (server === null) return;
    const closed = once(server, "close");
    server.stdin.end();
    const late = setTimeout(() => server.kill("SIGKILL"), 30_000);
    await closed;
    clearTimeout(late);
  }

  /** Runs a line of shell as someone who uses the cluster; what it starts ends with it. */
  async shell(line: string, options: { cwd?: string; env?: NodeJS.ProcessEnv; seconds?: number } = {}): Promise<Outcome> {
    const { cwd, env, seconds = PATIENCE } = options;
    const [program = "", ...args] = [
      ...(canSandbox() ? [...TOGETHER, "--"] : []),
      "timeout",
      "-k",
      "5",
      String(seconds),
      "bash",
      "-e",
      "-o",
      "pipefail",
      "-c",
      line,
    ];
    const child = spawn(program, args, { cwd: cwd ?? this.folder, env: { ...this.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    const [stdout, stderr, [status, signal]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>,
    ]);
    return { status, signal, stdout, stderr };
  }

  /** Runs one of the Java programs of these tests. */
  async java(name: string, args: readonly string[]): Promise<Outcome> {
    const words = ["$JAVA_HOME/bin/java", "-cp", this.classPath, name, ...args].map((word) => `"${word}"`);
    return this.shell(words.join(" "));
  }

  /** The copies of an archive that the nodes have localized, as folders; each stands below the folder of its node. */
  copies(archive: string): string[] {
    return this.find((path) => path.endsWith(`/${archive}`) && /\/filecache\/\d+\//.test(path), 8).sort();
  }

  /** The jars of Hadoop whose names begin so. */
  jars(name: string): string[] {
    return readdirSync(this.hadoop.jars)
      .filter((file) => file.startsWith(name))
      .map((file) => join(this.hadoop.jars, file));
  }

  /** What the containers of all jobs so far wrote. */
  containerLogs(name: "stdout" | "stderr"): string[] {
    return this.find((path) => path.endsWith(`/${name}`) && path.includes("/container_"), 6).map((path) => readFileSync(path, "utf8"));
  }

  /** What the cluster's own processes had to say. */
  get log(): string {
    return readFileSync(join(this.folder, "cluster.log"), "utf8");
  }

  private find(fits: (path: string) => boolean, depth: number, folder = join(this.folder, "yarn")): string[] {
    if (depth === 0 || !existsSync(folder)) return [];
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (fits(path)) return [path];
      return entry.isDirectory() ? this.find(fits, depth - 1, path) : [];
    });
  }

  private async compile(): Promise<void> {
    const { status, stderr } = await this.shell(
      `"$JAVA_HOME/bin/javac" -proc:none -cp '${join(this.hadoop.jars, "*")}' -d classes '${SOURCES}'/*.java`,
    );
    if (status !== 0) throw new Error(`javac failed:\n${stderr}`);
  }

  private get classPath(): string {
    return `${join(this.folder, "classes")}:${join(this.hadoop.jars, "*")}`;
  }

  private get javaEnv(): NodeJS.ProcessEnv {
    const { jars, javaHome } = this.hadoop;
    return {
      JAVA_HOME: javaHome,
      JAVA_TOOL_OPTIONS: JAVA_OPTIONS,
      HADOOP_JARS: jars,
      HADOOP_CONF_DIR: join(this.folder, "conf"),
      MALLOC_ARENA_MAX: "2",
      LC_ALL: "C.UTF-8",
    };
  }
}
