import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { packProject, writeProject } from "../faults/project.js";
import { envpack, execute, makeScratch } from "./commands.js";

const USER = "quentin-the-packer";
const HOST = "build-host-of-quentin";
const scratch = makeScratch();
const home = join(scratch, USER);
const project = join(home, "work/pantry");
// A name such as "vm" stands in any text.
const TRACES = [scratch, home, USER, HOST, hostname()].filter((trace) => trace.length > 6);
const env = { ...process.env, HOME: home, USER, LOGNAME: USER, HOSTNAME: HOST };

beforeAll(() => {
  mkdirSync(join(home, "work"), { recursive: true });
  writeProject(project);
});

test("an archive holds no home, user or host of the packer, in its meta files or anywhere else", () => {
  const archive = join(scratch, "a.tar");
  expect(envpack(["pack", project, "--node", "none", "-q", "-o", archive], { env }).stderr).toBe("");
  const bytes = readFileSync(archive, "latin1");
  for (const trace of TRACES) expect(bytes.includes(trace), trace).toBe(false);
  const out = join(scratch, "out");
  mkdirSync(out);
  expect(execute("tar", ["-xf", archive, "-C", out]).status).toBe(0);
  for (const name of ["manifest.json", "index.jsonl", "fixups.jsonl"]) {
    expect(readFileSync(join(out, ".envpack", name), "utf8")).not.toMatch(/\/home\/|\/root\//);
  }
});

test("a token in a lockfile stops the packing with its place; neither its value nor the home is printed", () => {
  const leaking = writeProject(join(home, "work/leaking"));
  writeFileSync(join(leaking, "yarn.lock"), '# yarn lockfile v1\nx@1:\n  resolved "https://me:hunter2-value@host/x.tgz"\n');
  const { status, stdout, stderr } = envpack(["pack", leaking, "--node", "none", "-o", join(scratch, "b.tar")], { env });
  expect(status).toBe(1);
  expect(stderr).toMatch(
    /^envpack: error\[SECRET_FOUND\] line 3 holds a password in an address: ~\/work\/leaking\/yarn\.lock\nhint: .*--include-secret yarn\.lock/,
  );
  expect(stdout + stderr).not.toMatch(/hunter2|quentin/);
});

test("what is left out is counted by kind, and what was named goes in and is told", () => {
  const folder = writeProject(join(home, "work/kinds"));
  for (const name of [".env", ".env.local", ".npmrc", "id_rsa"]) writeFileSync(join(folder, name), "hunter2-value");
  const archive = join(scratch, "c.tar");
  const { status, stderr } = envpack(["pack", folder, "--node", "none", "-o", archive, "--include-secret", ".env.local"], { env });
  expect(status).toBe(0);
  expect(stderr).toMatch(/3 files[^\n]*secrets/);
  expect(stderr).not.toContain("hunter2");
  const { includedSecrets } = JSON.parse(envpack(["info", "--json", archive]).stdout).manifest;
  expect(includedSecrets).toEqual(["app/.env.local"]);
  expect(readFileSync(archive, "latin1").split("hunter2-value").length).toBe(2);
  packProject(folder, archive, "-f");
});
