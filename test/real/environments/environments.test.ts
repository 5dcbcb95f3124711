import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test, type TestContext } from "vitest";
import type { Manifest } from "../../../src/manifest/manifest.js";
import { buildCase, type Built } from "./build.js";
import { readCases, type EnvironmentCase } from "./case.js";
import { readPrefixCases } from "./prefix-case.js";
import { CENSUS } from "./census.js";
import { expectContent, noteMoved, snapshot } from "./moved.js";
import { bringManager } from "./managers.js";
import { findResidue, reportedFiles } from "./residue.js";
import { run, runWell, type Outcome } from "./run.js";
import { sandboxMissing } from "./sandbox.js";
import { tryAfter, tryBefore, type Doings } from "./smoke.js";
import { compilerMissing } from "./compiler.js";
import { scratchFolder } from "../../scratch.js";
import { smallNode } from "../../small-node.js";

const ENVPACK = join(import.meta.dirname, "../../../bin/envpack.js");
const MISSING = sandboxMissing();
const MINUTES = 60_000;
/** With ENVPACK_TEST_ALL=1 all cases bring a whole runtime, as where each of them is proved; else those that say so. */
const ALL_WHOLE = process.env.ENVPACK_TEST_ALL === "1" || process.env.ENVPACK_TEST_PROVE === "1";

let scratch: string;
let small: string;
beforeAll(() => {
  small = smallNode();
  scratch = scratchFolder("environments");
});

describe("an environment moves", () => {
  for (const one of readCases(process.env.ENVPACK_TEST_ALL === "1")) {
    const rows = one.census.map((row) => CENSUS.get(row)).join("; ");
    test(`${one.name}: ${rows}`, { timeout: 10 * MINUTES }, async (context) => {
      const missing = MISSING ?? (one.needs === "compiler" ? compilerMissing() : null);
      if (missing !== null) context.skip(missing);
      const built = await buildCase(one);
      await moveAndCompare(built, join(scratch, one.name), context);
    });
  }
});

test("every row of the census has a case", () => {
  const closed = new Set([...readCases(true), ...readPrefixCases()].flatMap(({ census }) => census));
  expect([...CENSUS.keys()].filter((row) => !closed.has(row))).toEqual([]);
});

async function moveAndCompare(built: Built, folder: string, context: TestContext): Promise<void> {
  const { one } = built;
  mkdirSync(folder);
  const before = await tryBefore(built);
  expectPhantom(one, before);
  expectBroken(one, before);
  const listing = snapshot(built.folder);
  const archive = join(folder, "env.tar");
  const outcome = await run(process.execPath, [ENVPACK, "pack", built.project, "-o", archive, "--json", ...(await packArguments(one))], {
    patience: 5 * MINUTES,
  });
  expect(snapshot(built.folder), "packing changes nothing in the source or the store").toEqual(listing);
  if (one.expect.refused !== undefined) return expectRefusal(one, outcome, archive, context);
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
  if (one.expect.sameLinks === true)
    expect(linksBelow(join(extracted, "app/node_modules")), "links").toEqual(linksBelow(join(built.project, "node_modules")));
  expectLeftOut(one, outcome.stdout);
  if (process.env.ENVPACK_TEST_PROVE === "1") await expectProved(built, archive, extracted);
  rmSync(folder, { recursive: true, force: true });
  noteMoved(context, { ...one, tried: Object.keys(before).length, residue: residue.length });
}

/** Nothing fails in the sandbox that works at the source; without one package that it declares something does. */
async function expectProved({ one, project }: Built, archive: string, extracted: string): Promise<void> {
  const prove = async (...words: readonly string[]): Promise<{ readonly outcome: Outcome; readonly failed: readonly string[] }> => {
    const outcome = await run(process.execPath, [ENVPACK, "prove", ...words, "--source", project, "--json"], { patience: 5 * MINUTES });
    const { runs = [] } = JSON.parse(outcome.stdout) as { runs?: { trials: { kind: string; name: string; outcome: string }[] }[] };
    const trials = runs.flatMap((each) => each.trials).filter((trial) => trial.outcome === "failed");
    return { outcome, failed: trials.map(({ kind, name }) => `${kind} ${name}`) };
  };
  const proved = await prove(archive, "--no-save");
  expect(proved.failed, "what does not run elsewhere").toEqual([]);
  expect(proved.outcome.status, `${proved.outcome.stdout}\n${proved.outcome.stderr}`).toBe(0);
  const { name, path } = declaredPackage(extracted, one.broken ?? []);
  rmSync(join(extracted, path), { recursive: true });
  const broken = await prove(extracted);
  expect(broken.outcome.status, `of one without ${path}`).toBe(1);
  expect(broken.failed.join("\n"), `of one without ${path}`).toContain(name);
}

/** A package that the project or a member declares, which is loaded therefore. */
function declaredPackage(extracted: string, except: readonly string[]): { readonly name: string; readonly path: string } {
  const { packages, resolveFrom } = JSON.parse(readFileSync(join(extracted, ".envpack/manifest.json"), "utf8")) as Manifest;
  const isOwn = (path: string): boolean => !/(?:^|\/)(?:node_modules|\.yarn|links)\//.test(path);
  const folders = new Set([...resolveFrom, ...packages.map(({ path }) => path).filter(isOwn)]);
  const declared = [...folders].flatMap((folder) => {
    const file = join(extracted, folder, "package.json");
    return existsSync(file) ? Object.keys((JSON.parse(readFileSync(file, "utf8")) as { dependencies?: object }).dependencies ?? {}) : [];
  });
  const found = packages.find(({ name, path }) => declared.includes(name) && !except.includes(name) && !isOwn(path));
  if (found === undefined) throw new Error(`no package of ${extracted} is declared by it`);
  return found;
}

/** A phantom dependency that is not found before the move proves nothing after it. */
function expectPhantom({ phantom }: EnvironmentCase, before: Doings): void {
  if (phantom === undefined) return;
  const { status } = before[`phantom through ${phantom.bin}`] as { status: number };
  expect(status === 0, "the phantom dependency is found before the move").toBe(phantom.finds);
}

/** A package is broken or not before it is packed: the move must not be blamed for it, nor hide it. */
function expectBroken({ broken = [] }: EnvironmentCase, before: Doings): void {
  const packages = before["packages of ."] as Record<string, { imported: string; required: string }> | undefined;
  expect(
    broken.filter((name) => !/^failed: /.test(packages?.[name]?.imported ?? "")),
    "what should be broken before the move",
  ).toEqual([]);
}

async function packArguments({ pack = [], runtime }: EnvironmentCase): Promise<readonly string[]> {
  const fill = async (text: string): Promise<string> => {
    const node = /^\{(node@[\d.]+)\}$/.exec(text)?.[1];
    return node === undefined ? text : (await bringManager(node)).command;
  };
  const isWhole = ALL_WHOLE || runtime === "whole" || pack.includes("--node");
  return [...(isWhole ? [] : ["--node", small]), ...(await Promise.all(pack.map(fill)))];
}

function expectRefusal(one: EnvironmentCase, { status, stderr }: Outcome, archive: string, context: TestContext): void {
  const { refused } = one.expect;
  expect(status).toBe(1);
  expect(stderr).toContain(refused);
  expect(existsSync(archive)).toBe(false);
  noteMoved(context, { ...one, tried: 0, residue: 0, refused });
}

function expectManifest({ expect: wanted, bins }: EnvironmentCase, extracted: string): void {
  const manifest = JSON.parse(readFileSync(join(extracted, ".envpack/manifest.json"), "utf8")) as Manifest;
  expect(manifest.kind).toBe(wanted.kind ?? "project");
  expect(manifest.manager?.name).toBe(wanted.manager);
  expect(manifest.bins).toEqual(expect.arrayContaining(Object.keys(bins ?? {})));
  expectContent(wanted, manifest, extracted);
}

function linksBelow(folder: string): readonly string[] {
  const links = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isSymbolicLink());
  expect(links.length).toBeGreaterThan(0);
  return links
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => `${path.slice(folder.length)} -> ${readlinkSync(path)}`)
    .sort();
}

function expectLeftOut({ expect: wanted }: EnvironmentCase, json: string): void {
  const { leftOut } = JSON.parse(json) as { leftOut: readonly { reason: string }[] };
  expect(leftOut.map(({ reason }) => reason)).toEqual(expect.arrayContaining([...(wanted.leftOut ?? [])]));
}
