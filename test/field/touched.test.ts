import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { PlannedEntry } from "../../src/archive/entry.js";
import { readEnvironment } from "../../src/environment/read.js";
import { planArchive } from "../../src/plan/plan-archive.js";
import { buildCase, directDependencies, packagesOf, type Built } from "../real/environments/build.js";
import { readCases, type EnvironmentCase } from "../real/environments/case.js";
import { run } from "../real/environments/run.js";
import { scratchFolder } from "../scratch.js";

/** Prints the files that `require.resolve` finds, one a line: of the packages named, and of all that these declare in turn. */
const RESOLVER = join(import.meta.dirname, "resolve-all.mjs");

const scratch = scratchFolder("touched");

/** Plug'n'Play has no files that a resolution could touch, and what is refused is not packed. */
const cases = readCases(false).filter((one) => one.pnp !== true && one.expect.refused === undefined && one.needs === undefined);

describe("what Node touches of an environment is what goes in", () => {
  for (const one of cases) {
    test(`kind 1: ${one.name}`, { timeout: 600_000 }, async () => {
      const built = await buildCase(one);
      const touched = await touchedFiles(built);
      expect(touched.length, "files that Node touches").toBeGreaterThan(0);
      const packed = await packedFiles(built, one);
      expect(
        touched.filter((file) => !packed.has(file)),
        "touched before packing, and not packed",
      ).toEqual([]);
    });
  }
});

/** Real paths of the files that resolutions from each tried package lead to, and of the scripts that a run loads. */
async function touchedFiles(built: Built): Promise<readonly string[]> {
  const files = new Set<string>();
  for (const path of packagesOf(built.one)) {
    const cwd = join(built.origin, path);
    const names = directDependencies(built, path);
    const coverage = join(scratch, built.one.name, path.replaceAll("/", "+"));
    const env = { PATH: dirname(process.execPath), HOME: scratch, NODE_V8_COVERAGE: coverage };
    await run(process.execPath, [join(cwd, "smoke.mjs"), ...names], { cwd, env });
    const { stdout } = await run(process.execPath, [RESOLVER, ...names], { cwd, env: { ...env, NODE_V8_COVERAGE: "" } });
    for (const file of [...stdout.split("\n"), ...loadedScripts(coverage)])
      if (file !== "" && existsSync(file)) files.add(realpathSync(file));
  }
  const ours = [realpathSync(built.folder)];
  return [...files].filter((file) => ours.some((folder) => file.startsWith(`${folder}/`))).sort();
}

/** V8's own record of a run: each script that was compiled, whoever loaded it. */
function loadedScripts(coverage: string): string[] {
  const reports = existsSync(coverage) ? readdirSync(coverage) : [];
  return reports.flatMap((name) => {
    const { result } = JSON.parse(readFileSync(join(coverage, name), "utf8")) as { result: { url: string }[] };
    return result.filter(({ url }) => url.startsWith("file://")).map(({ url }) => fileURLToPath(url));
  });
}

/** Real paths of what goes in, by the options that the case packs with. */
async function packedFiles(built: Built, one: EnvironmentCase): Promise<ReadonlySet<string>> {
  const environment = await readEnvironment(built.project, { node: "none" });
  const { entries } = await planArchive(environment, { rules: [], omitDev: one.omit === "dev", includeSecrets: [], output: null });
  return new Set(
    entries.flatMap((entry: PlannedEntry) =>
      entry.type === "file" && entry.source.kind === "disk" && statSync(entry.source.file).isFile()
        ? [realpathSync(entry.source.file)]
        : hardLinkOf(entry, environment.root),
    ),
  );
}

/** A hard link is another name of a file that goes in. */
function hardLinkOf(entry: PlannedEntry, root: string): string[] {
  return entry.type === "hardlink" && entry.path.startsWith("app/") ? [realpathSync(join(root, entry.path.slice("app/".length)))] : [];
}
