import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Bench } from "./bench.js";

/** A site that Next.js builds into a folder of what its server needs: left-pad is declared, and not in it. */
const SITE = {
  "package.json": JSON.stringify({
    name: "site",
    version: "1.0.0",
    private: true,
    dependencies: { next: "15.5.4", react: "19.1.0", "react-dom": "19.1.0", "left-pad": "1.3.0" },
  }),
  "next.config.js": 'module.exports = { output: "standalone" };\n',
  "pages/index.js": "export default function Home() {\n  return <p>served by YARN</p>;\n}\n",
};

export function describeStandalone(bench: Bench): void {
  const { cluster, desk, scratch } = bench;

  describe("Next.js", () => {
    test("E4: its standalone output is packed as it is, and serves in a container", async () => {
      const site = join(scratch, "site");
      for (const [name, text] of Object.entries(SITE)) {
        mkdirSync(dirname(join(site, name)), { recursive: true });
        writeFileSync(join(site, name), text);
      }
      const built = await cluster.shell(
        `npm install --no-audit --no-fund\nnpx next build\nenvpack pack .next/standalone --for yarn -o ${join(desk, "site.tar.gz")}`,
        { cwd: site, env: { NEXT_TELEMETRY_DISABLED: "1" } },
      );
      expect(built, built.stderr).toMatchObject({
        status: 0,
        stderr: expect.stringContaining("note: package.json names what is not there: left-pad;"),
      });
      rmSync(site, { recursive: true });

      const delivered = await cluster.shell(`envpack deliver yarn site.tar.gz --to ${cluster.hdfs}/envs`, { cwd: desk });
      expect(delivered, delivered.stderr).toMatchObject({ status: 0 });
      const [archive = ""] = /site-[0-9a-f]{16}\.tar\.gz/.exec(delivered.stdout) ?? [];
      cpSync(join(import.meta.dirname, "ask.mjs"), join(desk, "ask.mjs"));
      await cluster.files.write("/user/me/one/line.txt", "one\n");
      const job = await cluster.shell(
        bench
          .mapOnly({
            files: "ask.mjs",
            mapper: "env/bin/node ask.mjs site app/server.js",
            input: "/user/me/one",
            output: "/user/me/served",
            settings: "-D mapreduce.job.maps=1",
            archives: `,${cluster.hdfs}/envs/${archive}#site`,
          })
          // Next.js makes WebAssembly memories: what docs/clusters.md says of these.
          .replace("mapreduce.map.memory.mb=2048", "mapreduce.map.memory.mb=4096"),
        { cwd: desk },
      );
      expect(job, `${job.stderr}${cluster.log.slice(-3000)}`).toMatchObject({ status: 0 });
      const served = (await cluster.files.output("/user/me/served")).map((line) => line.trim());
      expect(new Set(served)).toEqual(new Set(["served by YARN"]));
    });
  });
}
