import { cpSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { HOST_MAJOR, OTHER, type Bench } from "./bench.js";

export function describeMemory(bench: Bench): void {
  const { cluster, desk } = bench;

  describe("YARN's check of virtual memory", () => {
    test("lets Node.js of either version run in the containers that deliver asks for, and kills WebAssembly with guards or without a maximum", async ({
      skip,
    }) => {
      const archive = await bench.packOther();
      if (archive === null) skip(`the registry has no package of Node.js ${OTHER} for this platform`);
      const delivered = await cluster.shell(
        `envpack deliver yarn ${archive} --alias other --to ${cluster.hdfs}/envs --webhdfs ${cluster.web}`,
      );
      const other = /hdfs:\S*#other/.exec(delivered.stdout)?.[0] ?? delivered.stderr;
      for (const file of ["hold.mjs", "hold.sh"]) cpSync(join(import.meta.dirname, file), join(desk, file));
      await cluster.files.write(
        "/user/me/ways/fine",
        ["env run", "other run", "env bounded", "other bounded", "env doctor", ""].join("\n"),
      );
      const killed = ["env guarded", "other guarded", "env unbounded", "other unbounded"];
      for (const [at, way] of killed.entries()) await cluster.files.write(`/user/me/ways/killed-${at}`, `${way}\n`);
      const before = kills(cluster.log);
      const job = await cluster.shell(
        bench.mapOnly({
          files: "hold.mjs,hold.sh",
          mapper: "bash hold.sh",
          input: "/user/me/ways",
          output: "/user/me/held",
          settings: "-D mapreduce.map.failures.maxpercent=90",
          archives: `,${other}`,
        }),
        { cwd: desk },
      );
      expect(job, job.stderr).toMatchObject({ status: 0 });
      const versions = [HOST_MAJOR, OTHER.split(".")[0]];
      const told = await cluster.files.output("/user/me/held");
      expect(told.filter((line) => !line.includes("YARN")).map((line) => line.trim())).toEqual(
        versions.flatMap((version) => [`${version} bounded 65536`, `${version} none 0`]).sort(),
      );
      expect(told.filter((line) => line.includes("YARN"))).toEqual([expect.stringMatching(/YARN checks virtual memory here/)]);
      expect(kills(cluster.log) - before).toBe(killed.length);
    });
  });
}

/** How many containers the nodes have killed for their virtual memory. */
function kills(log: string): number {
  return log.match(/beyond the 'VIRTUAL' memory limit/g)?.length ?? 0;
}
