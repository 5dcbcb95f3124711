import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test, type TestContext } from "vitest";
import type { Manifest } from "../../../src/manifest/manifest.js";
import { CACHE } from "./cache.js";
import { CENSUS } from "./census.js";
import { expectContent, noteMoved, snapshot } from "./moved.js";
import { buildPrefix, type BuiltPrefix } from "./prefix-build.js";
import { readPrefixCases, type PrefixCase } from "./prefix-case.js";
import { expectPrefixProved } from "./prove-prefix.js";
import { findResidue, reportedFiles } from "./residue.js";
import { run, runWell } from "./run.js";
import { runInside, sandboxMissing, type Sandbox } from "./sandbox.js";
import { scratchFolder } from "../../scratch.js";

const ENVPACK = join(import.meta.dirname, "../../../bin/envpack.js");
const MISSING = sandboxMissing();
const MINUTES = 60_000;

/** Where the extracted archive is seen: another depth, and a name that quoting has to survive. */
const ELSEWHERE = "/elsewhere/at another/depth/than/the/origin/env";

let scratch: string;
beforeAll(() => {
  scratch = scratchFolder("prefixes");
});

describe("a prefix moves", () => {
  for (const one of readPrefixCases()) {
    const rows = one.census.map((row) => CENSUS.get(row)).join("; ");
    test(`${one.name}: ${rows}`, { timeout: 10 * MINUTES }, async (context) => {
      const missing = MISSING ?? (one.manager.startsWith("nodeenv@") ? pipMissing() : null);
      if (missing !== null) context.skip(missing);
      await moveAndCompare(await buildPrefix(one), join(scratch, one.name), context);
    });
  }
});

function pipMissing(): string | null {
  return spawnSync("python3", ["-m", "pip", "--version"]).status === 0 ? null : "python3 with pip is not installed";
}

async function moveAndCompare(built: BuiltPrefix, folder: string, context: TestContext): Promise<void> {
  const { one, prefix } = built;
  const extracted = join(folder, "one/two/three/env");
  mkdirSync(extracted, { recursive: true });
  const before = await tryAll(built, placeBefore(built));
  expect(before[`phantom ${one.phantom?.bin}`]?.status ?? 0, "the phantom dependency is found before the move").toBe(0);
  const listing = snapshot(built.folder);
  const archive = join(folder, "env.tar");
  const env = { ...process.env, PATH: `${dirname(built.manager.command)}:${process.env.PATH ?? ""}` };
  const packed = await run(process.execPath, [ENVPACK, "pack", "-p", prefix, "-o", archive, "--json"], { env, patience: 5 * MINUTES });
  expect(packed.status, packed.stderr).toBe(0);
  expect(snapshot(built.folder), "packing changes nothing in the source or the store").toEqual(listing);
  await runWell("tar", ["-xf", archive, "-C", extracted], { patience: 5 * MINUTES });
  const after = placeAfter(extracted);
  expect(await tryAll(built, after), "what its commands do with no node in sight").toEqual(before);
  await expectImports(one, after, folder);
  const residue = findResidue(extracted, [built.folder, prefix, built.home]);
  expect(residue, "files that name the place it was built in").toEqual(one.expect.residue === "reported" ? reportedFiles(extracted) : []);
  expectManifest(one, extracted);
  if (process.env.ENVPACK_TEST_PROVE === "1") await expectPrefixProved(archive, extracted, prefix);
  rmSync(folder, { recursive: true, force: true });
  noteMoved(context, { ...one, tried: Object.keys(before).length + (one.imports.length > 0 ? 1 : 0), residue: residue.length });
}

interface Place {
  readonly sandbox: Sandbox;
  readonly root: string;
  readonly commands: string;
}

function placeBefore({ one, manager, folder, home, prefix }: BuiltPrefix): Place {
  const node = process.execPath;
  const shown = new Map([
    [folder, folder],
    [join(CACHE, "managers"), join(CACHE, "managers")],
  ]);
  if (!node.startsWith("/usr/")) shown.set(node, node);
  const PATH = [join(prefix, "bin"), dirname(node), dirname(manager.command), "/usr/bin", "/bin"]
    .filter((path) => path.startsWith("/"))
    .join(":");
  return {
    sandbox: { shown, node: "shown", env: { HOME: home, LANG: "C.UTF-8", PATH } },
    root: prefix,
    commands: join(prefix, one.commands),
  };
}

/** Nothing but the system's folders is on PATH: neither the environment's `bin/` nor any node. */
function placeAfter(extracted: string): Place {
  const env = { HOME: "/tmp", LANG: "C.UTF-8", PATH: "/usr/bin:/bin" };
  return { sandbox: { shown: new Map([[ELSEWHERE, extracted]]), node: "hidden", env }, root: ELSEWHERE, commands: `${ELSEWHERE}/bin` };
}

type Doings = Readonly<Record<string, { readonly status: number | null; readonly said: string }>>;

async function tryAll({ one }: BuiltPrefix, { sandbox, root, commands }: Place): Promise<Doings> {
  const tries = Object.entries(one.bins).map(([bin, args]) => [`command ${bin}`, bin, args] as const);
  const phantom = one.phantom === undefined ? [] : [[`phantom ${one.phantom.bin}`, one.phantom.bin, one.phantom.args] as const];
  const doings: Record<string, { status: number | null; said: string }> = {};
  for (const [label, bin, args] of [...tries, ...phantom]) {
    const { status, stdout, stderr } = await runInside(sandbox, "/tmp", [join(commands, bin), ...args]);
    // Which node runs is told by another test: it may be one that was brought in.
    const said = (status === 0 ? stdout : stderr).replaceAll(root, "ROOT").replace(/^v\d+\.\d+\.\d+$/m, "VERSION");
    doings[label] = { status, said };
  }
  return doings;
}

/** A script outside the environment, in a shell that activated it. */
async function expectImports({ imports }: PrefixCase, { sandbox }: Place, folder: string): Promise<void> {
  if (imports.length === 0) return;
  const job = imports.map((name, index) => `import * as p${index} from "${name}";\nconsole.log(Object.keys(p${index}).length > 0);\n`);
  writeFileSync(join(folder, "job.mjs"), job.join(""));
  const shown = new Map([...sandbox.shown, ["/jobs", folder]]);
  const command = ["/bin/sh", "-c", '. "$0/bin/activate"; exec node /jobs/job.mjs', ELSEWHERE];
  const outcome = await runInside({ ...sandbox, shown }, "/jobs", command);
  expect(outcome, "a script elsewhere imports global packages").toMatchObject({ status: 0, stdout: "true\n".repeat(imports.length) });
}

function expectManifest({ expect: wanted, bins }: PrefixCase, extracted: string): void {
  const manifest = JSON.parse(readFileSync(join(extracted, ".envpack/manifest.json"), "utf8")) as Manifest;
  expect(manifest.kind).toBe(wanted.kind);
  expect(manifest.manager?.name).toBe(wanted.manager);
  const commands = Object.keys(bins).filter((name) => !["node", "nodejs", "shim"].includes(name));
  expect(manifest.bins).toEqual(expect.arrayContaining(commands));
  expectContent(wanted, manifest, extracted);
}
