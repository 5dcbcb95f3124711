import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { beforeAll, describe, expect, test } from "vitest";
import { envpack, execute, makeScratch, runElsewhere } from "./commands.js";
import { npm } from "./sample.js";

const scratch = makeScratch();
const project = join(scratch, "build/web-app");
const root = join(scratch, "srv/some/where/web-app");

beforeAll(() => {
  cpSync(join(import.meta.dirname, "../../fixtures/web-app"), project, {
    recursive: true,
    filter: (path) => !path.includes("node_modules"),
  });
  npm(project, ["ci"]);
  const archive = join(scratch, "web-app.tar.gz");
  expect(envpack(["pack", project, "-q", "-o", archive])).toEqual({ status: 0, signal: null, stdout: "", stderr: "" });
  mkdirSync(root, { recursive: true });
  expect(execute("tar", ["-xzf", archive, "-C", root])).toEqual({ status: 0, signal: null, stdout: "", stderr: "" });
  renameSync(join(scratch, "build"), join(scratch, "gone"));
});

describe("a web server with a native addon and a native program, after a plain tar -xzf", () => {
  test("answers over HTTP, started with an empty environment", async () => {
    const server = spawn("env", ["-i", join(root, "bin/node"), join(root, "app/server.js"), "0"], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      const [line] = (await once(createInterface(server.stdout), "line")) as [string];
      const url = /http:\/\/\S+/.exec(line)?.[0] ?? "";
      expect(await (await fetch(url)).text()).toContain("<h1>It works</h1>");
      const png = Buffer.from(await (await fetch(`${url}square.png`)).arrayBuffer());
      expect(png.subarray(1, 4).toString()).toBe("PNG");
      expect(await (await fetch(`${url}page.js`)).text()).toContain("const seconds = 60");
      expect(await (await fetch(`${url}where.json`)).json()).toEqual({
        node: process.version,
        execPath: join(root, "bin/node"),
        folder: join(root, "app"),
      });
    } finally {
      server.kill();
    }
  });

  test("is proved to run elsewhere: every dependency, every command, and it answers", () => {
    const { status, stdout, stderr } = envpack(["prove", join(scratch, "web-app.tar.gz"), "--listen", "8080/", "--json", "--no-save"]);
    expect([status, stderr]).toEqual([0, ""]);
    const [run]: { trials: { kind: string; outcome: string }[] }[] = JSON.parse(stdout).runs;
    expect(run?.trials.filter(({ outcome }) => outcome !== "ok")).toEqual([]);
    expect([...new Set(run?.trials.map(({ kind }) => kind))]).toEqual(["links", "libraries", "import", "command", "entry"]);
  }, 240_000);

  test("has the commands of its packages", () => {
    const { version } = JSON.parse(readFileSync(join(root, "app/node_modules/esbuild/package.json"), "utf8"));
    expect(runElsewhere([join(root, "bin/esbuild"), "--version"]).stdout).toBe(`${version}\n`);
    expect(runElsewhere([join(root, "bin/marked"), "-s", "*so*"]).stdout.trim()).toBe("<p><em>so</em></p>");
  });

  test("lends its native addon to a script that lies elsewhere", () => {
    const job = join(scratch, "job.mjs");
    writeFileSync(job, 'import sharp from "sharp"; console.log(typeof sharp.versions.vips);\n');
    expect(runElsewhere([join(root, "bin/envpack"), "run", job])).toEqual({ status: 0, signal: null, stdout: "string\n", stderr: "" });
  });

  test("is still as it was packed after all that", () => {
    expect(runElsewhere([join(root, "bin/envpack"), "verify"])).toMatchObject({ status: 0 });
  });
});
