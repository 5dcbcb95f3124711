import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import "../setup.js";
import { chooseThreads, readRoom, type Room } from "../../src/engine/threads.js";
import { scratch } from "../engine/trees.js";
import { ENVPACK, execute, has, type Outcome } from "../real/commands.js";

const NO_LIMITS: Room = { processors: null, memory: null, threads: null, descriptors: null };
const MIB = 1 << 20;

/** A /proc and a /sys as a machine has them. */
async function machine(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await scratch();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

test("W7: a thread a processor, or as many as were named, where nothing limits them", () => {
  expect(chooseThreads(undefined, NO_LIMITS)).toBe(availableParallelism());
  expect(chooseThreads(64, NO_LIMITS, 32)).toBe(64);
  expect(chooseThreads(3, NO_LIMITS, 1)).toBe(3);
  expect(chooseThreads(undefined, { ...NO_LIMITS, processors: 1.5 })).toBe(Math.min(availableParallelism(), 2));
});

test("W7: no more than four threads a processor are started, whatever was named", () => {
  expect(chooseThreads(64, NO_LIMITS, 2)).toBe(8);
  expect(chooseThreads(64, { ...NO_LIMITS, processors: 0.5 }, 2)).toBe(8);
  expect(chooseThreads(undefined, NO_LIMITS, 2)).toBe(2);
});

test("W7: 64 threads in 512 MiB, or where few files or threads are allowed, become those that fit", () => {
  expect(chooseThreads(64, { ...NO_LIMITS, memory: 430 * MIB }, 64)).toBe(9);
  expect(chooseThreads(64, { ...NO_LIMITS, memory: 10 * MIB }, 64)).toBe(1);
  expect(chooseThreads(64, { ...NO_LIMITS, threads: 12 }, 64)).toBe(4);
  expect(chooseThreads(64, { ...NO_LIMITS, threads: -3 }, 64)).toBe(1);
  expect(chooseThreads(64, { ...NO_LIMITS, descriptors: 64 }, 64)).toBe(6);
});

test("W7: the control groups of version 2 are read up to the top; cached files do not count", async () => {
  const root = await machine({
    "proc/self/cgroup": "0::/kubepods/pod1/app\n",
    "sys/fs/cgroup/kubepods/pod1/app/memory.max": "max\n",
    "sys/fs/cgroup/kubepods/pod1/memory.max": `${512 * MIB}\n`,
    "sys/fs/cgroup/kubepods/pod1/memory.current": `${400 * MIB}\n`,
    "sys/fs/cgroup/kubepods/pod1/memory.stat": `anon 5\nactive_file ${100 * MIB}\ninactive_file ${200 * MIB}\n`,
    "sys/fs/cgroup/kubepods/memory.max": `${2048 * MIB}\n`,
    "sys/fs/cgroup/kubepods/pod1/app/cpu.max": "150000 100000\n",
    "sys/fs/cgroup/kubepods/pids.max": "50\n",
    "sys/fs/cgroup/kubepods/pids.current": "20\n",
    "proc/meminfo": `MemTotal: ${1 << 24} kB\nMemAvailable: ${1 << 23} kB\n`,
  });
  expect(readRoom(root)).toEqual({ processors: 1.5, memory: 412 * MIB, threads: 30, descriptors: null });
});

test("W7: so are those of version 1, and where the path is the host's the top is there", async () => {
  const root = await machine({
    "proc/self/cgroup": "9:pids:/docker/abc\n7:memory:/docker/abc\n3:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n",
    "sys/fs/cgroup/memory/memory.limit_in_bytes": `${300 * MIB}\n`,
    "sys/fs/cgroup/memory/memory.usage_in_bytes": `${100 * MIB}\n`,
    "sys/fs/cgroup/memory/memory.stat": `inactive_file 1\ntotal_inactive_file ${20 * MIB}\ntotal_active_file ${10 * MIB}\n`,
    "sys/fs/cgroup/memory/docker/memory.limit_in_bytes": "9223372036854771712\n",
    "sys/fs/cgroup/pids/pids.max": "max\n",
    "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000\n",
    "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
  });
  expect(readRoom(root)).toEqual({ processors: 2, memory: 230 * MIB, threads: null, descriptors: null });
});

test("W7: a system that tells nothing limits nothing", async () => {
  expect(readRoom(await scratch())).toEqual(NO_LIMITS);
});

test("W7: a user who may start few threads is served by those; where not one can be had, the command ends and says so", async ({
  skip,
}) => {
  if (process.getuid?.() !== 0 || !has("setpriv")) return skip("root and setpriv are needed to become a user with a limit of its own");
  const path = join(import.meta.dirname, "../archive/version-1/small.tar.gz");
  /** Node.js itself needs eleven or twelve, by version: fewer, and it ends itself. */
  const verifyWith = (limit: number): Outcome =>
    execute(
      "setpriv",
      [
        "--reuid",
        "54321",
        "--regid",
        "54321",
        "--clear-groups",
        "bash",
        "-c",
        `ulimit -u ${limit}; exec "$0" "$@"`,
        process.execPath,
        ENVPACK,
        "verify",
        path,
        "-j",
        "64",
      ],
      { timeout: 60_000 },
    );
  const outcomes = Array.from({ length: 14 }, (_, at) => verifyWith(10 + at)).filter(
    ({ signal, status }) => signal === null && status !== 134,
  );
  const refused = outcomes.filter(({ status }) => status !== 0);
  for (const { status, stderr } of refused)
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^envpack: error\[IO\] no worker thread can be started.*\nhint: .*ulimit -u/),
    ]);
  expect(outcomes.length - refused.length).toBeGreaterThan(5);
});
