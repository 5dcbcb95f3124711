import { closeSync, cpSync, openSync, readFileSync, readSync, renameSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openArchiveFile } from "../../../src/engine/read/open-archive-file.js";
import { canSandbox, nodesOnPath } from "../../real/commands.js";
import { linesOf } from "../document.js";
import { OTHER, parsePrinted, type Bench } from "./bench.js";

/** What probe.mjs tells. */
interface Probed {
  readonly hostNode: string | number;
  readonly node: string;
  readonly seen: readonly { readonly folder: string; readonly copy: string; readonly verify: { status: number; said: string } }[];
}

/** "connecting", "connected" and "connections" are one word to the stemmer; the numbers are their CRC-32. */
const COUNTED = ["and 07f59b6d\t1", "appl 9d1473af\t2", "connect 74cff91f\t3", "the 3c456de6\t3"];

export function describeJobs(bench: Bench): void {
  const { cluster, desk, project } = bench;

  /** Runs a job whose tasks tell what they see of the environments "env" and others. */
  function runProbe(output: string, aliases: string, archives?: string): ReturnType<typeof cluster.shell> {
    cpSync(join(import.meta.dirname, "probe.mjs"), join(desk, "probe.mjs"));
    const [hostNode = ""] = nodesOnPath();
    const mapper = `env/bin/node probe.mjs ${hostNode} ${aliases}`;
    return cluster.shell(bench.mapOnly({ files: "probe.mjs", mapper, input: "/user/me/texts", output, archives }), { cwd: desk });
  }

  /** What the tasks of such a job tell. */
  async function probe(output: string, aliases: string): Promise<Probed[]> {
    const job = await runProbe(output, aliases);
    expect(job, job.stderr).toMatchObject({ status: 0 });
    return (await cluster.files.output(output)).map((line) => JSON.parse(line) as Probed);
  }

  describe("Hadoop Streaming", () => {
    test("counts words by the commands of docs/clusters.md, with packages from npm, one of them native", async () => {
      bench.layOut();
      await cluster.files.write("/user/me/texts/a.txt", "Connecting the connected apples\n");
      await cluster.files.write("/user/me/texts/b.txt", "The connections, and: the Apple\n");
      const [install = "", pack = "", deliver = "", stream = "", show = "", ...more] = linesOf("YARN and Hadoop Streaming");
      expect(more).toEqual([]);
      for (const line of [install, pack]) expect(await cluster.shell(line, { cwd: project })).toMatchObject({ status: 0 });
      // From here on the project is gone.
      for (const file of ["words.tar.gz", "map.mjs", "reduce.mjs"]) renameSync(join(project, file), join(desk, file));
      rmSync(project, { recursive: true });

      const delivered = await cluster.shell(deliver.replace("hdfs://namenode:8020", cluster.hdfs), { cwd: desk });
      expect(delivered.stderr).toMatch(/^delivered .* to hdfs:.*\n {2}through the hdfs client .*, read back and compared/m);
      bench.printed = parsePrinted(delivered.stdout);
      bench.archive = /words-[0-9a-f]{16}\.tar\.gz/.exec(delivered.stdout)?.[0] ?? "";
      expect(await cluster.files.status(`/envs/${bench.archive}`)).toMatchObject({
        permission: "644",
        length: statSync(join(desk, "words.tar.gz")).size,
      });

      const filled = bench.command("Hadoop Streaming", { INPUT: "/user/me/texts", OUTPUT: "/user/me/words" });
      expect(words(stream.replace("hdfs://namenode:8020", cluster.hdfs).replace("words-0123456789abcdef.tar.gz", bench.archive))).toEqual(
        words(filled),
      );
      const job = await cluster.shell(filled, { cwd: desk });
      expect(job, job.stderr).toMatchObject({ status: 0 });
      expect((await cluster.shell(show)).stdout.trimEnd().split("\n").sort()).toEqual(COUNTED);
    });

    test("finds the copy that a node has, public and read-only, with no Node.js of the node's own, and its envpack verifies it", async () => {
      const copies = cluster.copies(bench.archive);
      const before = new Map(copies.map((folder) => [folder, identity(folder)]));
      expect(before.size).toBeGreaterThan(0);
      const tasks = await probe("/user/me/seen", "env");
      expect(tasks).toHaveLength(2);
      for (const { hostNode, node, seen } of tasks) {
        const [env] = seen;
        expect(env?.verify).toEqual({ status: 0, said: expect.stringMatching(/^ok: .* all as packed\n$/) });
        expect(env?.copy).toBe(before.get(env?.folder ?? "") ?? identity(env?.folder ?? ""));
        expect(env?.folder).toMatch(/\/filecache\/\d+\/words-/);
        expect(env?.folder).not.toContain("usercache");
        expect(node).toBe(join(env?.folder ?? "", "bin/node"));
        if (canSandbox()) expect(hostNode).toBe("EACCES");
      }
      const after = cluster.copies(bench.archive);
      // A node that the first job did not use may have fetched its one copy by now.
      expect(new Set(after.map(nodeOf)).size).toBe(after.length);
      for (const [folder, copy] of before) expect(identity(folder)).toBe(copy);
      expect(tasks.some(({ seen }) => before.has(seen[0]?.folder ?? ""))).toBe(true);
      for (const folder of after) {
        expect((statSync(join(folder, "app/map.mjs")).mode & 0o777).toString(8)).toBe("555");
        expect((statSync(folder).mode & 0o777).toString(8)).toBe("755");
      }
    });

    test("tells of a byte that was flipped where YARN put it, and neither envpack nor YARN takes an archive with one", async ({ skip }) => {
      // A comment's: the script still runs.
      for (const folder of cluster.copies(bench.archive)) flip(join(folder, "app/map.mjs"), 5);
      const flipped = join(desk, "flipped.tar.gz");
      const other = await bench.packOther();
      if (other === null) skip(`the registry has no package of Node.js ${OTHER} for this platform`);
      cpSync(other ?? "", flipped);
      // Near the end: where gzip stops long before it, YARN notices that nobody reads what it sends.
      flip(flipped, await lastDigest(flipped));
      const refused = await cluster.shell(`envpack deliver yarn flipped.tar.gz --to ${cluster.hdfs}/envs`, { cwd: desk });
      expect(refused).toMatchObject({
        status: 1,
        stdout: "",
        stderr: expect.stringMatching(/^envpack: error\[(ARCHIVE_CORRUPT|DIGEST_MISMATCH)\]/),
      });
      await cluster.files.write("/envs/flipped.tar.gz", readFileSync(flipped));
      // One gzip member has one sum, so that YARN itself does not take it: no task starts.
      const job = await runProbe("/user/me/bad", "env bad", `,${cluster.hdfs}/envs/flipped.tar.gz#bad`);
      expect(job.status).toBe(1);
      expect(job.stderr).toMatch(/Job not successful/);
      expect(cluster.copies("flipped.tar.gz")).toEqual([]);
      // The same job without that archive runs.
      const tasks = await probe("/user/me/flipped", "env");
      expect(tasks).toHaveLength(2);
      for (const { seen } of tasks) {
        expect(seen.map(({ verify }) => verify)).toEqual([
          { status: 1, said: expect.stringMatching(/^changed {2}app\/map\.mjs .*\n1 difference in /) },
        ]);
      }
    });
  });

  describe("distributed shell", () => {
    test("runs a script with the environment's packages in two containers, by the printed command", async () => {
      writeFileSync(
        join(desk, "job.mjs"),
        'import { crc32 } from "@node-rs/crc32";\nconsole.log(`job ${crc32("123456789").toString(16)}`);\n',
      );
      const [jar = ""] = cluster.jars("hadoop-yarn-applications-distributedshell");
      const job = await cluster.shell(bench.command("distributed shell", { "DISTRIBUTEDSHELL.jar": jar }), { cwd: desk });
      expect(job, job.stderr).toMatchObject({ status: 0 });
      expect(cluster.containerLogs("stdout").filter((log) => log === "job cbf43926\n")).toHaveLength(2);
    });
  });
}

/** A command line as words: how it is broken into lines and quoted does not matter. */
function words(line: string): string[] {
  return line
    .replaceAll(/\\\n|'/g, " ")
    .trim()
    .split(/\s+/);
}

/** What changes when a folder's files are written again. Not of a program: Streaming makes the one it starts executable, each time. */
function identity(folder: string): string {
  const { dev, ino, ctimeMs } = statSync(join(folder, ".envpack/manifest.json"));
  return `${dev}:${ino}:${ctimeMs}`;
}

/** The node whose folder a localized copy stands in. */
function nodeOf(copy: string): string {
  return /nm-\d+/.exec(copy)?.[0] ?? copy;
}

/** Where the CRC-32 of the last frame of files stands: behind it comes the index alone. */
async function lastDigest(path: string): Promise<number> {
  const archive = await openArchiveFile(path);
  await archive.close();
  const last = archive.index.frames.at(-1);
  return (last?.at ?? 0) + (last?.size ?? 0) - 8;
}

function flip(file: string, place: number): void {
  const handle = openSync(file, "r+");
  const byte = Buffer.alloc(1);
  readSync(handle, byte, 0, 1, place);
  writeSync(handle, Buffer.from([(byte[0] ?? 0) ^ 1]), 0, 1, place);
  closeSync(handle);
}
