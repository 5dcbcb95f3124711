import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import "../setup.js";
import { pack } from "../../src/verbs/pack/pack.js";
import { writeShop } from "../field/self-extracting.js";
import { makeScratch } from "./commands.js";
import { runInside, sandboxMissing } from "./environments/sandbox.js";

const scratch = makeScratch();
const file = join(scratch, "shop.sh");
const srv = join(scratch, "srv");
const missing = sandboxMissing();
/** A machine with the system's programs, and neither Node.js nor the project. */
const WORKER = {
  shown: new Map([["/media/shop.sh", file]]),
  writable: new Map([["/srv", srv]]),
  node: "hidden",
  env: { PATH: "/usr/bin:/bin" },
} as const;

beforeAll(async () => {
  if (missing !== null) return;
  mkdirSync(srv);
  writeShop(join(scratch, "project"));
  await pack({ path: join(scratch, "project"), threads: 2, output: file, reuse: false, level: 1 });
}, 600_000);

test("a self-extracting file restores an environment with its Node.js where there is none, and that checks and relocates it", async (context) => {
  if (missing !== null) context.skip(missing);
  const made = await runInside(WORKER, "/srv", ["sh", "/media/shop.sh", "deep/er/env"]);
  expect(made).toMatchObject({
    status: 0,
    stdout: "",
    stderr: "restored ./deep/er/env\nnext: . ./deep/er/env/bin/activate, or ./deep/er/env/bin/envpack run COMMAND\n",
  });
  expect(JSON.parse(readFileSync(join(srv, "deep/er/env/app/node_modules/words/place.json"), "utf8"))).toEqual({
    place: "/srv/deep/er/env/app/app",
  });
  expect(statSync(join(srv, "deep/er/env/bin/node")).mode & 0o111).toBe(0o111);
  expect(await runInside(WORKER, "/srv", ["deep/er/env/bin/say", "a  b"])).toMatchObject({ status: 0, stdout: '["a  b"]\n' });
  expect(await runInside(WORKER, "/srv", ["deep/er/env/bin/envpack", "verify"])).toMatchObject({ status: 0 });
}, 300_000);

test("and it runs a command there for a user without a home", async (context) => {
  if (missing !== null) context.skip(missing);
  const ran = await runInside(WORKER, "/srv", ["sh", "/media/shop.sh", "--", "node", "-p", "process.execPath"]);
  expect(ran).toMatchObject({
    status: 0,
    stderr: "",
    stdout: expect.stringMatching(/^\/tmp\/envpack-\d+\/sh\/[0-9a-f]{64}\/bin\/node\n$/),
  });
}, 300_000);
