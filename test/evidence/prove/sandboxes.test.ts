import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { info, pack, prove, type ProofRun, type ProveResult } from "../../../src/index.js";
import { has, makeScratch } from "../../real/commands.js";
import { writeShop } from "./shop.js";

const scratch = makeScratch();
const project = join(scratch, "shop");
const archive = join(scratch, "shop.tar");
const marker = join(scratch, "of-this-machine");

beforeAll(async () => {
  writeShop(project);
  writeFileSync(marker, "");
  await pack({ path: project, output: archive, node: "none" });
});

function only({ runs }: ProveResult): ProofRun {
  expect(runs).toHaveLength(1);
  return runs[0] as ProofRun;
}

const failures = ({ trials }: ProofRun): unknown[] => trials.filter(({ outcome }) => outcome === "failed");

describe.each([
  ["bubblewrap", "bwrap"],
  ["unshare", "unshare"],
] as const)("in a sandbox by %s", (sandbox, program) => {
  test("source, home, network, variables and other users' files are out of reach, and all is read-only", async ({ skip }) => {
    if (!has(program)) skip(`${program} is not installed`);
    const look = [
      "node",
      "look.js",
      project,
      marker,
      scratch,
      process.execPath,
      "/usr/local/bin",
      "/opt",
      "/root/.npm",
      ...(homedir() === "/" ? [] : [homedir()]),
    ];
    const run = only(await prove({ path: archive, sandbox, command: look, listen: "8080/health", save: false }));
    expect(failures(run)).toEqual([]);
    expect(run).toMatchObject({ ok: true, sandbox, place: "/worker/local/filecache/17/env" });
    expect(run.hidden).toEqual(expect.arrayContaining(["the network", "every variable", "uid 65532"]));
    const found = run.trials.map(({ kind, name, from, outcome, detail }) => [kind, name, from, outcome, detail.replace(/ after .*/, "")]);
    expect(found).toEqual(
      expect.arrayContaining([
        ["import", "part", "project", "ok", "required, imported"],
        ["import", "part", "elsewhere", "ok", "required, imported"],
        ["import", "esm-part", "project", "ok", expect.stringMatching(/imported/)],
        ["import", "absent", "project", "skipped", "not installed, and not asked for"],
        ["command", "part-cli", null, "ok", "--version"],
        ["entry", "node server.js", null, "ok", "answered 200 on port 8080"],
        ["user", look.join(" "), null, "ok", "ended with status 0"],
      ]),
    );
    expect(run.opened.files.length).toBeGreaterThan(0);
    expect(run.opened.files.filter((file) => file.startsWith(scratch) || file.startsWith("/worker/local/filecache"))).toEqual([]);
  });
});

test("without a sandbox the variables are cleared, and what could not be hidden is said", async () => {
  const run = only(await prove({ path: archive, sandbox: "none", source: project, listen: "18473/health", save: false }));
  expect(failures(run)).toEqual([]);
  expect(run.visible).toEqual(expect.arrayContaining(["the network", "this machine's files, homes and package stores"]));
});

test("each worker's hardship is imposed by its name, and --all those of every engine", async ({ skip }) => {
  if (!has("bwrap") || !has("unshare")) skip("there is no sandbox here");
  writeFileSync(
    join(project, "hard.js"),
    `const fs = require("node:fs"), os = require("node:os"); let name = null; try { name = os.userInfo().username; } catch {}
    const script = "/tmp/x"; fs.writeFileSync(script, "#!/bin/sh\\nexit 0\\n", { mode: 0o755 }); const ran = require("node:child_process").spawnSync(script).status === 0;
    const wanted = JSON.parse(process.argv[2]); const found = { uid: process.getuid(), name, home: process.env.HOME ?? null, ran };
    if (JSON.stringify(found) !== JSON.stringify(wanted)) { console.error(JSON.stringify(found)); process.exitCode = 1; }`,
  );
  const hard = join(scratch, "hard.tar");
  await pack({ path: project, output: hard, node: "none" });
  const check = (wanted: unknown): string[] => ["node", "hard.js", JSON.stringify(wanted)];
  const one = only(
    await prove({
      path: hard,
      uid: 12345,
      noHome: true,
      noexecTmp: true,
      command: check({ uid: 12345, name: null, home: null, ran: false }),
      save: false,
    }),
  );
  expect(failures(one)).toEqual([]);
  const { ok, runs } = await prove({ path: hard, all: true, save: false });
  expect(runs.map(({ conditions }) => conditions)).toEqual(["yarn", "slurm", "spark", "kubernetes", "air-gapped"]);
  expect(runs.flatMap(failures)).toEqual([]);
  expect(ok).toBe(true);
  const limited = only(
    await prove({
      path: hard,
      limitMemory: 200 * 2 ** 20,
      command: ["node", "-e", "const all = []; for (;;) all.push(Buffer.alloc(1 << 22, 1));"],
      save: false,
    }),
  );
  expect(failures(limited)).toEqual([
    expect.objectContaining({ kind: "user", detail: "took more memory than the worker has, and was killed" }),
  ]);
}, 240_000);

test("another root file system takes the place of this machine's", async ({ skip }) => {
  if (!has("bwrap")) skip("bubblewrap is not installed");
  const root = join(scratch, "root");
  for (const folder of ["bin", "etc"]) mkdirSync(join(root, folder), { recursive: true });
  await expect(prove({ path: archive, like: root })).rejects.toMatchObject({ code: "COMMAND_FAILED" });
  await expect(prove({ path: archive, like: join(root, "nothing") })).rejects.toMatchObject({
    code: "USAGE",
    message: expect.stringContaining("not a root file system"),
  });
  await expect(prove({ path: archive, image: root })).rejects.toMatchObject({
    code: "USAGE",
    message: expect.stringContaining("not an OCI image layout"),
  });
});

test("the outcome lies beside the archive, bound to its digest, and info shows it", async () => {
  const { proof, archive: proved } = await prove({ path: archive, source: project });
  expect(proof).toBe(`${archive}.proof.json`);
  const statement = JSON.parse(readFileSync(`${archive}.proof.json`, "utf8"));
  expect(statement).toMatchObject({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ digest: { sha256: proved?.sha256 } }],
    predicate: { result: "PASSED", failedTests: [] },
  });
  expect(JSON.stringify(statement)).not.toContain(scratch);
  expect((await info({ path: archive })).evidence).toEqual([
    expect.objectContaining({
      kind: "proof",
      fits: true,
      signedBy: null,
      claimed: [],
      says: expect.stringMatching(/^runs elsewhere as worker: \d+ trials hold$/),
    }),
  ]);
  expect(existsSync(`${archive}.provenance.json`)).toBe(false);
});
