import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, openSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { hostname } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execute, has, type Outcome } from "../../real/commands.js";

const ROOT = join(import.meta.dirname, "../../..");
export const NODES = ["n1", "n2", "n3"] as const;

/** Why there can be no Slurm here; null where there can. */
export function slurmMissing(): string | null {
  if (!existsSync("/usr/sbin/slurmctld") || !existsSync("/usr/sbin/slurmd") || !has("sbatch"))
    return "Slurm is not installed (Debian: slurm-wlm)";
  if (process.getuid?.() !== 0) return "only root can make workers of namespaces";
  return execute("unshare", ["--mount", "--uts", "--pid", "--fork", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0
    ? null
    : "no namespaces may be made here";
}

/** How a job ended (COMPLETED, FAILED and so on), and what it printed. */
export interface Ended {
  readonly state: string;
  readonly printed: string;
}

/** slurmctld and three slurmd of Debian's slurm-wlm on this machine. */
export class Cluster {
  readonly #daemons: ChildProcess[] = [];
  readonly env: NodeJS.ProcessEnv;

  /**
   * @param shared a folder below /tmp that all nodes see; of the rest of /tmp they see nothing
   */
  constructor(readonly shared: string) {
    this.env = { ...process.env, SLURM_CONF: join(shared, "slurm.conf") };
  }

  async start(): Promise<void> {
    const ports = await freePorts(1 + NODES.length);
    for (const folder of ["state", ...NODES]) mkdirSync(join(this.shared, folder), { recursive: true });
    writeFileSync(join(this.shared, "slurm.conf"), configuration(this.shared, ports));
    writeFileSync(join(this.shared, "etc-hosts"), `127.0.0.1 localhost ${hostname()} ${NODES.join(" ")}\n`);
    const conf = join(this.shared, "slurm.conf");
    this.#spawn("slurmctld", ["/usr/sbin/slurmctld", "-D", "-f", conf]);
    for (const node of NODES) {
      // The second one has no zstd, as workers may.
      const hidden = [...nodesOnPath(), ROOT, ...(node === "n2" ? ["/usr/bin/zstd"] : [])].filter((path) => existsSync(path));
      const script = join(ROOT, "test/cluster/slurm/node.sh");
      this.#spawn(node, [
        "unshare",
        "--mount",
        "--uts",
        "--pid",
        "--fork",
        "--kill-child",
        "sh",
        script,
        node,
        this.shared,
        conf,
        "2g",
        ...hidden,
      ]);
    }
    await this.#untilIdle();
  }

  /** A program of Slurm; nothing may wait for ever. */
  client(program: string, args: readonly string[], cwd = this.shared): Outcome {
    return execute("timeout", ["--kill-after=5", "120", program, ...args], { env: this.env, cwd });
  }

  /** Runs a line of shell on some nodes; what they print, by node, in the order of the nodes. */
  async on(nodes: readonly string[], line: string): Promise<Map<string, string>> {
    const { status, stdout, stderr } = this.client("srun", [
      "--label",
      `--nodelist=${nodes.join(",")}`,
      `--nodes=${nodes.length}`,
      "--ntasks-per-node=1",
      "sh",
      "-c",
      `echo "node $SLURMD_NODENAME"; ${line}`,
    ]);
    if (status !== 0) throw new Error(`srun failed on ${nodes.join()}: ${stdout}${stderr}`);
    return byTask(stdout);
  }

  /** Submits a script, as a user by number, and waits for the job's end. */
  async run(script: string, uid = 0): Promise<Ended> {
    const args = ["--kill-after=5", "60", "sbatch", "--parsable", script];
    const { status, stdout, stderr } = execute("timeout", args, { env: this.env, cwd: this.shared, uid, gid: uid });
    if (status !== 0) throw new Error(`sbatch failed: ${stderr}`);
    return this.untilEnded(stdout.trim());
  }

  async untilEnded(job: string, folder = this.shared): Promise<Ended> {
    let state = "";
    for (const began = Date.now(); Date.now() - began < 240_000; await sleep(200)) {
      const { stdout } = this.client("scontrol", ["show", "job", "--oneliner", job]);
      state = /JobState=(\w+)/.exec(stdout)?.[1] ?? "";
      if (!["PENDING", "CONFIGURING", "RUNNING", "COMPLETING"].includes(state))
        return { state, printed: readFileSync(join(folder, `slurm-${job}.out`), "utf8") };
    }
    throw new Error(`job ${job} did not end: ${state}`);
  }

  /** With a worker's first process all of them end that were started there. */
  async stop(): Promise<void> {
    await Promise.all(this.#daemons.map(end));
  }

  async stopController(): Promise<void> {
    await Promise.all(this.#daemons.slice(0, 1).map(end));
  }

  #spawn(name: string, [program = "", ...args]: readonly string[]): void {
    const log = openSync(join(this.shared, `${name}.log`), "w");
    const env = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };
    this.#daemons.push(spawn(program, args, { stdio: ["ignore", log, log], env, cwd: "/" }));
  }

  async #untilIdle(): Promise<void> {
    let said = "";
    for (const began = Date.now(); Date.now() - began < 120_000; await sleep(250)) {
      const { stdout, stderr } = this.client("sinfo", ["--noheader", "--Node", "--format=%N %T"]);
      said = stdout + stderr;
      if (stdout.split("\n").filter((line) => line.endsWith(" idle")).length === NODES.length) return;
    }
    throw new Error(`Slurm did not start: ${said}`);
  }
}

async function end(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const exit = once(daemon, "exit");
  daemon.kill("SIGKILL");
  await exit;
}

/** "0: node n1\n0: text" as n1 => text, in the order of the tasks: srun prints them as they come. */
function byTask(labelled: string): Map<string, string> {
  const texts = new Map<string, string[]>();
  for (const line of labelled.split("\n")) {
    const [, task = "", text = ""] = /^ *(\d+): (.*)$/.exec(line) ?? [];
    if (task !== "") texts.set(task, [...(texts.get(task) ?? []), text]);
  }
  const inOrder = [...texts].sort(([one], [other]) => Number(one) - Number(other));
  return new Map(inOrder.map(([, [head = "", ...lines]]) => [head.replace("node ", ""), lines.join("\n")]));
}

/** Everything that a search for node could find on this machine. */
function nodesOnPath(): string[] {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/bin", "/usr/local/bin"];
  const files = folders.map((folder) => join(folder, "node")).filter((file) => existsSync(file));
  return [...new Set([...files, process.execPath].map((file) => realpathSync(file)))];
}

/** Ports that were free a moment ago, all different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}

/** No munge, no cgroups, no accounting; each worker has a port, since all are this machine. Memory is not counted, of which a job would take all. */
function configuration(shared: string, [controller = 0, ...workers]: readonly number[]): string {
  const nodes = NODES.map(
    (node, at) => `NodeName=${node} NodeHostname=localhost NodeAddr=127.0.0.1 Port=${workers[at] ?? 0} CPUs=4 RealMemory=2000`,
  );
  return `ClusterName=test
SlurmctldHost=${hostname()}(127.0.0.1)
SlurmctldPort=${controller}
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation=${shared}/state
SlurmdSpoolDir=${shared}/%n
SlurmctldPidFile=${shared}/slurmctld.pid
SlurmdPidFile=${shared}/%n.pid
SlurmctldTimeout=10
MessageTimeout=10
SchedulerParameters=batch_sched_delay=0,sched_interval=1,defer_batch
MinJobAge=300
${nodes.join("\n")}
PartitionName=main Nodes=${NODES.join(",")} Default=YES MaxTime=10 State=UP OverSubscribe=YES
`;
}
