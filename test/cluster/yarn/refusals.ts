import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { envpack, type Outcome } from "../../real/commands.js";
import { makeArchive } from "../../restore/archives.js";
import type { Bench } from "./bench.js";

/** An address at which nobody listens. */
const NOBODY_THERE = "127.0.0.1:1";

export function describeRefusals(bench: Bench): void {
  const { cluster, scratch } = bench;
  const folder = join(scratch, "small");

  beforeAll(() => {
    mkdirSync(join(folder, "node_modules/words"), { recursive: true });
    writeFileSync(join(folder, "package.json"), '{ "name": "small", "version": "1.0.0", "dependencies": { "words": "1.0.0" } }');
    writeFileSync(join(folder, "node_modules/words/package.json"), '{ "name": "words", "version": "1.0.0" }');
    for (const [output, more] of [
      ["small.tar.gz", []],
      ["small.tar.zst", []],
    ] as const) {
      expect(envpack(["pack", "--node", "none", "-q", "-o", output, ...more], { cwd: folder })).toMatchObject({ status: 0 });
    }
  });

  function deliver(args: string, env: NodeJS.ProcessEnv = {}): Promise<Outcome> {
    return cluster.shell(`envpack deliver yarn ${args}`, { cwd: folder, env });
  }

  /** Through Hadoop's client and through WebHDFS. */
  const ways = [
    ["the hdfs client", (): string => ""],
    ["WebHDFS", (): string => ` --webhdfs ${cluster.web}`],
  ] as const;

  describe.each(ways)("deliver yarn through %s", (_way, way) => {
    test("sends an archive once, world-readable and under no other name, and compares it the next time", async () => {
      const to = `/envs/once-${way() === "" ? "client" : "web"}/deeper`;
      const first = await deliver(`small.tar.gz --to ${cluster.hdfs}${to}${way()}`);
      expect(first.stderr).toMatch(/^delivered /);
      const [name = "", ...others] = (await cluster.files.list(to)) ?? [];
      expect(others).toEqual([]);
      const status = await cluster.files.status(`${to}/${name}`);
      expect(status.permission).toBe("644");
      const again = await deliver(`small.tar.gz --to ${cluster.hdfs}${to}${way()}`);
      expect(again.stderr).toMatch(/^already there, the same to the byte: /);
      expect(again.stdout).toBe(first.stdout);
      expect(await cluster.files.status(`${to}/${name}`)).toEqual(status);
      await cluster.files.write(`${to}/${name}`, readFileSync(join(folder, "small.tar.zst")));
      const other = await deliver(`small.tar.gz --to ${cluster.hdfs}${to}${way()}`);
      expect(refusal(other)).toMatch(/^envpack: error\[DIGEST_MISMATCH\] the file on HDFS is not the archive: .*\nhint: remove it there/);
    });

    test.each([
      [
        "where it may not write",
        "/closed/envs",
        /^envpack: error\[NO_PERMISSION\] cannot make the folder: .*Permission denied.*\nhint: name a folder of yours/,
      ],
      ["where the quota is used up", "/full/envs", /^envpack: error\[NO_SPACE\] cannot write to HDFS: .*\nhint: ask for a larger quota/],
    ])("refuses a folder %s, and leaves nothing there", async (_what, to, message) => {
      const refused = await deliver(`small.tar.gz --to ${cluster.hdfs}${to}${way()}`, { HADOOP_USER_NAME: "someone" });
      expect(refusal(refused)).toMatch(message);
      expect((await cluster.files.list(to)) ?? []).toEqual([]);
    });
  });

  describe("deliver yarn", () => {
    test.each([
      ["hdfs", `--to hdfs://${NOBODY_THERE}/envs`],
      ["WebHDFS", `--to hdfs://namenode:8020/envs --webhdfs http://${NOBODY_THERE}`],
    ])("refuses where nobody answers: %s", async (_what, args) => {
      expect(refusal(await deliver(`small.tar.gz ${args}`))).toMatch(
        /^envpack: error\[ENGINE_UNREACHABLE\] .*\nhint: is the NameNode running there/,
      );
    });

    test("refuses what YARN would not extract, and what is for another platform unless it is told to go on", async () => {
      const to = `--to ${cluster.hdfs}/envs/refused --webhdfs ${cluster.web}`;
      expect(refusal(await deliver(`small.tar.zst ${to}`))).toMatch(
        /^envpack: error\[ARCHIVE_UNFIT\] the archive is a tar.zst, .*\nhint: make a \.tar\.gz/,
      );
      await makeArchive(join(folder, "foreign.tar.gz"), {
        manifest: { platform: { os: "linux", arch: "riscv64", libc: "glibc", glibc: "2.28" } },
      });
      expect(refusal(await deliver(`foreign.tar.gz ${to}`))).toMatch(
        /^envpack: error\[PLATFORM_MISMATCH\] this environment needs linux riscv64 .*\nhint: .*--force-platform/,
      );
      expect(await cluster.files.list("/envs/refused")).toBeNull();
      expect(await deliver(`foreign.tar.gz ${to} --force-platform`)).toMatchObject({ status: 0 });
      expect(await cluster.files.list("/envs/refused")).toHaveLength(1);
    });

    test("prints where an archive would go and how jobs use it, and leaves HDFS alone", async () => {
      const printed = await deliver(`small.tar.gz --to ${cluster.hdfs}/envs/printed --print`);
      expect(printed).toMatchObject({ status: 0, stderr: "" });
      expect(printed.stdout).toMatch(/-archives 'hdfs:.*\/envs\/printed\/small-[0-9a-f]{16}\.tar\.gz#env'/);
      expect(await cluster.files.list("/envs/printed")).toBeNull();
    });

    test("says who may not reach what it delivered", async () => {
      const { status, stderr } = await deliver(`small.tar.gz --to ${cluster.hdfs}/private/envs --webhdfs ${cluster.web}`);
      expect(status).toBe(0);
      expect(stderr).toMatch(/not everyone may pass it \(mode 770\).*\/private$/m);
    });

    test.each(ways)("leaves nothing on HDFS when it is interrupted: %s", async (_way, way) => {
      const to = `/envs/interrupted-${way() === "" ? "client" : "web"}`;
      const archive = join(bench.desk, "words.tar.gz");
      const go = join(scratch, "go");
      rmSync(go, { force: true });
      const sending = cluster.shell(
        `envpack deliver yarn ${archive} --to ${cluster.hdfs}${to}${way()} & until [ -e ${go} ]; do sleep 0.05; done; kill -TERM $!; wait $!`,
      );
      await expect.poll(() => cluster.files.list(to), { timeout: 300_000, interval: 20 }).toEqual([expect.stringContaining(".envpack-")]);
      writeFileSync(go, "");
      expect(await sending).toMatchObject({ status: 143, stdout: "" });
      expect(await cluster.files.list(to)).toEqual([]);
    });
  });
}

/** A refusal is a line and a hint, exit status 1, and nothing on stdout. */
function refusal({ status, stdout, stderr }: Outcome): string {
  expect({ status, stdout, lines: stderr.trimEnd().split("\n").length }, stderr).toEqual({ status: 1, stdout: "", lines: 2 });
  return stderr;
}
