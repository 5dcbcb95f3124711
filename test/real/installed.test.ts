import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { execute, makeScratch } from "./commands.js";
import { buildSample, npm } from "./sample.js";
import { smallNode } from "../small-node.js";

const ROOT = dirname(dirname(import.meta.dirname));
const scratch = makeScratch();
const project = join(scratch, "pantry");
const user = join(scratch, "user");

beforeAll(() => {
  mkdirSync(project);
  buildSample(project);
  mkdirSync(user);
  npm(ROOT, ["pack", "--ignore-scripts", "--pack-destination", scratch, "--silent"]);
  const [tarball = ""] = readdirSync(scratch).filter((name) => name.endsWith(".tgz"));
  writeFileSync(join(user, "package.json"), '{ "type": "module", "private": true }\n');
  npm(user, ["install", join(scratch, tarball)]);
});

test("the package as npm publishes it has all that the command needs", () => {
  const command = join(user, "node_modules/.bin/envpack");
  const output = join(scratch, "by-command.tar.zst");
  expect(execute(command, ["pack", project, "-q", "-o", output])).toEqual({ status: 0, signal: null, stdout: "", stderr: "" });
  expect(execute(command, ["verify", output]).status).toBe(0);
});

test("the public API does what the commands do, with progress, and prints nothing", () => {
  const script = join(user, "use.js");
  writeFileSync(script, USE);
  const outcome = execute(process.execPath, [script, project, scratch, smallNode()]);
  expect(outcome).toMatchObject({ status: 0, stderr: "" });
  expect(JSON.parse(outcome.stdout)).toEqual({
    name: "@acme/pantry",
    stages: expect.arrayContaining(["packing", "restoring"]),
    ok: true,
    sameEntries: true,
    sameBytes: true,
    unfit: null,
    aborted: "INTERRUPTED",
    exists: "OUTPUT_EXISTS",
  });
});

const USE = `import { EnvpackError, info, list, pack, planPack, unpack, verify } from "envpack";
const [path, scratch, node] = process.argv.slice(2);
const output = scratch + "/by-api.tar.gz";
const stages = new Set();
const onProgress = ({ stage }) => stages.add(stage);
const preview = await planPack({ path, node });
const packed = await pack({ path, node, output, onProgress });
const { target } = await unpack({ archive: output, target: scratch + "/by-api", onProgress });
const { ok } = await verify({ path: target });
const codeOf = (error) => (error instanceof EnvpackError ? error.code : String(error));
const aborted = await pack({ path, node, output, force: true, signal: AbortSignal.abort() }).catch(codeOf);
const exists = await pack({ path, node, output }).catch(codeOf);
// As plain data: it outlives a way through JSON.
const planned = JSON.parse(JSON.stringify(preview.entries)).filter(({ type, path }) => type === "file" && path !== ".envpack/manifest.json");
console.log(JSON.stringify({
  name: preview.manifest.name,
  stages: [...stages],
  ok,
  sameEntries: (await list({ path: output })).length === packed.entries,
  sameBytes: planned.reduce((sum, { size }) => sum + size, 0) === packed.manifest.totals.bytes,
  unfit: (await info({ path: target })).unfit,
  aborted,
  exists,
}));
`;
