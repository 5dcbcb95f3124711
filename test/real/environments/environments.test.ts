import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, lstatSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Manifest } from "../../../src/manifest/manifest.js";
import { buildCase, type Built } from "./build.js";
import { readCases, type EnvironmentCase } from "./case.js";
import { writeRow } from "./rows.js";
import { findResidue, reportedFiles } from "./residue.js";
import { run, runWell, type Outcome } from "./run.js";
import { sandboxMissing } from "./sandbox.js";
import { tryAfter, tryBefore, type Doings } from "./smoke.js";
import { compilerMissing } from "./compiler.js";

const ENVPACK = join(import.meta.dirname, "../../../bin/envpack.js");
const MISSING = sandboxMissing();
const MINUTES = 60_000;

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "envpack-environments-"));
});
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

describe("an environment moves", () => {
  const cases = readCases(process.env.ENVPACK_TEST_ALL === "1");
  test.for(cases)("$name: $census", { timeout: 10 * MINUTES }, async (one, context) => {
    const missing = MISSING ?? (one.needs === "compiler" ? compilerMissing() : null);
    if (missing !== null) context.skip(missing);
    const built = await buildCase(one);
    await moveAndCompare(built, join(scratch, one.name));
  });
});

async function moveAndCompare(built: Built, folder: string): Promise<void> {
  const { one } = built;
  mkdirSync(folder);
  const before = await tryBefore(built);
  expectPhantom(one, before);
  const listing = snapshot(built.folder);
  const archive = join(folder, "env.tar");
  const outcome = await run(process.execPath, [ENVPACK, "pack", built.project, "-o", archive, "--json", ...(one.pack ?? [])], { patience: 5 * MINUTES });
  expect(snapshot(built.folder), "packing changes nothing in the source or the store").toEqual(listing);
  if (one.expect.refused !== undefined) return expectRefusal(one, outcome, archive);
  expect(outcome.stderr.trim(), "what pack says on stderr").not.toContain("error:");
  expect(outcome.status, outcome.stderr).toBe(0);
  const extracted = join(folder, "one/two/three/env");
  mkdirSync(extracted, { recursive: true });
  await runWell("tar", ["-xf", archive, "-C", extracted], { patience: 5 * MINUTES });
  const { doings, launched } = await tryAfter(built, extracted);
  expect(doings, "what it does after the move").toEqual(before);
  expect(before, "what the launchers in bin/ do").toMatchObject(launched);
  const residue = findResidue(extracted, [built.origin, built.home]);
  expect(residue, "files that name the place it was built in").toEqual(one.expect.residue === "reported" ? reportedFiles(extracted) : []);
  expectManifest(one, extracted);
  expectLeftOut(one, outcome.stdout);
  rmSync(folder, { recursive: true, force: true });
  writeRow(one, before, residue.length);
}

/** A phantom dependency that is not found before the move proves nothing after it. */
function expectPhantom({ phantom }: EnvironmentCase, before: Doings): void {
  if (phantom === undefined) return;
  const { status } = before[`phantom through ${phantom.bin}`] as { status: number };
  expect(status === 0, "the phantom dependency is found before the move").toBe(phantom.finds);
}

function expectRefusal(one: EnvironmentCase, { status, stderr }: Outcome, archive: string): void {
  expect(status).toBe(1);
  expect(stderr).toContain(one.expect.refused);
  expect(existsSync(archive)).toBe(false);
  writeRow(one, {}, 0);
}

function expectManifest({ expect: wanted, bins }: EnvironmentCase, extracted: string): void {
  const manifest = JSON.parse(readFileSync(join(extracted, ".envpack/manifest.json"), "utf8")) as Manifest;
  expect(manifest.kind).toBe(wanted.kind ?? "project");
  expect(manifest.manager?.name).toBe(wanted.manager);
  expect(manifest.bins).toEqual(expect.arrayContaining(Object.keys(bins ?? {})));
  for (const [action, least] of Object.entries(wanted.relocation ?? {})) {
    expect(manifest.relocation[action as keyof typeof manifest.relocation], action).toBeGreaterThanOrEqual(least);
  }
  const isThere = (path: string): boolean => lstatSync(join(extracted, path), { throwIfNoEntry: false }) !== undefined;
  expect((wanted.present ?? []).filter((path) => !isThere(path)), "missing").toEqual([]);
  expect((wanted.absent ?? []).filter(isThere), "what should have stayed out").toEqual([]);
}

function expectLeftOut({ expect: wanted }: EnvironmentCase, json: string): void {
  const { leftOut } = JSON.parse(json) as { leftOut: readonly { reason: string }[] };
  expect(leftOut.map(({ reason }) => reason)).toEqual(expect.arrayContaining([...(wanted.leftOut ?? [])]));
}

/** Every file below a folder with what changes when somebody touches it. */
function snapshot(folder: string): readonly string[] {
  const lines = readdirSync(folder, { recursive: true, withFileTypes: true }).map((entry) => {
    const path = join(entry.parentPath, entry.name);
    const { ino, size, mtimeMs, ctimeMs, mode } = lstatSync(path);
    return [path, ino, size, mtimeMs, ctimeMs, mode].join(" ");
  });
  return lines.sort();
}
