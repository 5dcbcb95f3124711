import { mkdirSync, mkdtempSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import "../../setup.js";
import { Pool } from "../../../src/engine/threads/pool.js";
import { pack, planPack, type PackOptions, type PackResult } from "../../../src/index.js";
import { onPhase, type Phase } from "../../../src/support/phases.js";
import { noise } from "../../faults/project.js";
import { scratchFolder } from "../../scratch.js";

/* Threads digest large files while the rest is planned. */

const realRun = Object.getOwnPropertyDescriptor(Pool.prototype, "run")?.value as (this: Pool, task: unknown) => Promise<unknown>;

const shared = scratchFolder("early");
const project = join(shared, "project");
const large = join(project, "node_modules/large/large.node");
/** Looked into once all was walked. */
const manifest = join(project, "package.json");

let place: string;
let phases: Phase[];
/** Of each digest that was asked for: whether all was planned by then. */
let digests: ("while planning" | "afterwards")[];
let whenDigested: () => void;

beforeAll(() => {
  // As many folders as it takes for threads to list them.
  for (let index = 0; index < 600; index++) mkdirSync(join(project, `node_modules/p${index}/lib`), { recursive: true });
  mkdirSync(join(project, "node_modules/large"));
  writeFileSync(join(project, "node_modules/large/package.json"), JSON.stringify({ name: "large", version: "1.0.0" }));
  onPhase((phase) => phases.push(phase));
});

beforeEach(() => {
  place = mkdtempSync(join(shared, "place-"));
  phases = [];
  digests = [];
  whenDigested = () => undefined;
  fill("first");
  writeFileSync(manifest, JSON.stringify({ name: "early", version: "1.0.0" }));
  vi.spyOn(Pool.prototype, "run").mockImplementation(async function (this: Pool, task: unknown) {
    const made = realRun.call(this, task);
    if ((task as { readonly kind?: string }).kind !== "digest") return made;
    digests.push(phases.includes("planned") ? "afterwards" : "while planning");
    await made;
    whenDigested();
    return made;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Content of the same size and time: only who reads it can tell one from the other. */
function fill(text: string): void {
  const bytes = noise(9 << 20);
  bytes.write(text, 1 << 20);
  writeFileSync(large, bytes);
  utimesSync(large, 1000, 1000);
}

function packTo(name: string, options: PackOptions = {}): Promise<PackResult> {
  phases = [];
  return pack({ path: project, node: "none", threads: 2, output: join(place, name), ...options });
}

test("a large file is digested once, while the rest is planned, and the archive is the same as where it is not", async () => {
  await packTo("early.tar.zst");
  expect(digests).toEqual(["while planning"]);
  // What may hold frames to take over is there: whether the file needs a digest is not known yet.
  writeFileSync(join(place, "late.tar.zst"), "no archive");
  await packTo("late.tar.zst", { force: true });
  expect(digests).toEqual(["while planning", "afterwards"]);
  expect(readFileSync(join(place, "early.tar.zst")).equals(readFileSync(join(place, "late.tar.zst")))).toBe(true);
});

test("nothing is digested for a plan that is only looked at, nor where a later step decides what goes in", async () => {
  await planPack({ path: project, node: "none", threads: 2 });
  expect(digests).toEqual([]);
  await packTo("slim.tar.zst", { slim: "safe" });
  expect(digests).toEqual(["afterwards"]);
});

test("content that changes behind the digest does not get in", async () => {
  whenDigested = () => {
    fill("other");
  };
  await expect(packTo("changed.tar.zst")).rejects.toMatchObject({ code: "SOURCE_CHANGED", path: large });
  expect(digests).toEqual(["while planning"]);
  expect(readdirSync(place)).toEqual([]);
});

test("a file that is replaced behind the digest does not get in", async () => {
  whenDigested = () => {
    writeFileSync(large, noise(5 << 20));
  };
  await expect(packTo("replaced.tar.zst")).rejects.toMatchObject({ code: "SOURCE_CHANGED", path: large });
  expect(readdirSync(place)).toEqual([]);
});

test("a refusal that comes when a file was digested leaves nothing", async () => {
  writeFileSync(manifest, JSON.stringify({ name: "early", version: "1.0.0", token: `npm_${"a1B2".repeat(9)}` }));
  await expect(packTo("refused.tar.zst")).rejects.toMatchObject({ code: "SECRET_FOUND", path: manifest });
  expect(digests).toEqual(["while planning"]);
  expect(readdirSync(place)).toEqual([]);
});

test("an interrupt while a file is digested leaves nothing", async () => {
  const abort = new AbortController();
  whenDigested = () => {
    abort.abort();
  };
  await expect(packTo("interrupted.tar.zst", { signal: abort.signal })).rejects.toMatchObject({ code: "INTERRUPTED" });
  expect(digests).toEqual(["while planning"]);
  expect(readdirSync(place)).toEqual([]);
});
