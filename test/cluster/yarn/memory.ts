import { cpSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { bringNode, NEWEST_LTS } from "../../node-versions.mjs";
import type { Bench } from "./bench.js";

const OLDEST = "20.20.2";
const HOST = process.versions.node.split(".")[0];
const OTHER = HOST === NEWEST_LTS.split(".")[0] ? OLDEST : NEWEST_LTS;

export function describeMemory(bench: Bench): void {
  const { cluster, desk, project } = bench;

  describe("YARN's check of virtual memory", () => {
    test("lets Node.js of either version run in the containers that deliver asks for, and kills WebAssembly with guards or without a maximum", async ({ skip }) => {
      const bin = bringNode(OTHER);
      if (bin === null) skip(`the registry has no package of Node.js ${OTHER} for this platform`);
      const other = await deliverOther(join(bin ?? "", "node"));
      for (const file of ["hold.mjs", "hold.sh"]) cpSync(join(import.meta.dirname, file), join(desk, file));
      await cluster.files.write("/user/me/ways/fine", ["env run", "other run", "env bounded", "other bounded", "env doctor", ""].join("\n"));
      const killed = ["env guarded", "other guarded", "env unbounded", "other unbounded"];
      for (const [at, way] of killed.entries()) await cluster.files.write(`/user/me/ways/killed-${at}`, `${way}\n`);
      const before = kills(cluster.log);
      const job = await cluster.shell(
        bench.mapOnly({ files: "hold.mjs,hold.sh", mapper: "bash hold.sh", input: "/user/me/ways", output: "/user/me/held", settings: "-D mapreduce.map.failures.maxpercent=90", archives: `,${other}` }),
        { cwd: desk },
      );
      expect(job, job.stderr).toMatchObject({ status: 0 });
      const versions = [HOST, OTHER.split(".")[0]];
      const told = await cluster.files.output("/user/me/held");
      expect(told.filter((line) => !line.includes("YARN")).map((line) => line.trim())).toEqual(versions.flatMap((version) => [`${version} bounded 65536`, `${version} none 0`]).sort());
      expect(told.filter((line) => line.includes("YARN"))).toEqual([expect.stringMatching(/YARN checks virtual memory here/)]);
      expect(kills(cluster.log) - before).toBe(killed.length);
    });
  });

  /** Delivers the sample with the other Node.js, through WebHDFS; returns it as a word of `-archives`. */
  async function deliverOther(node: string): Promise<string> {
    bench.layOut();
    const lines = [
      "npm ci",
      `envpack pack --for yarn -o other.tar.gz --node ${node}`,
      `envpack deliver yarn other.tar.gz --alias other --to ${cluster.hdfs}/envs --webhdfs ${cluster.web}`,
    ];
    const { status, stdout, stderr } = await cluster.shell(lines.join("\n"), { cwd: project, env: { PATH: `${cluster.bin}:${dirname(process.execPath)}:${process.env.PATH}` } });
    expect(status, stderr).toBe(0);
    rmSync(project, { recursive: true });
    return /hdfs:\S*#other/.exec(stdout)?.[0] ?? "";
  }
}

/** How many containers the nodes have killed for their virtual memory. */
function kills(log: string): number {
  return log.match(/beyond the 'VIRTUAL' memory limit/g)?.length ?? 0;
}
