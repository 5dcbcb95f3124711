/**
 * Breaks a copy of the sources, one break of breaks.mjs at a time, and runs the tests that are near: a break that
 * they do not notice survives. Status 1 where one does, or where a break's text is not found once.
 *
 *     node test/mutants/run.mjs [WORD…]     only the breaks whose names have one of these words
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BREAKS } from "./breaks.mjs";

const ROOT = join(import.meta.dirname, "../..");
/** What the tests read; modules are a link. */
const COPIED = [
  "bin",
  "dist",
  "docs",
  "fixtures",
  "src",
  "test",
  "README.md",
  "package.json",
  "tsconfig.json",
  "tsconfig.build.json",
  "vitest.config.ts",
];
/** Milliseconds: what takes longer hangs, which is noticed too. */
const PATIENCE = 600_000;

const words = process.argv.slice(2);
const chosen = BREAKS.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
const scratch = realpathSync(mkdtempSync(join(tmpdir(), "envpack-mutants-")));

/** @returns {"passed" | "failed" | "broken"} "broken": no test failed, and yet not all is well */
function runTests(tests) {
  const report = join(scratch, "report.json");
  rmSync(report, { force: true });
  const vitest = join(scratch, "node_modules/vitest/vitest.mjs");
  const args = [vitest, "run", ...tests, "--bail=1", "--maxWorkers=1", "--reporter=json", `--outputFile=${report}`];
  const { status, error } = spawnSync(process.execPath, args, {
    cwd: scratch,
    stdio: "ignore",
    env: { ...process.env, ENVPACK_TEST_AS_BUILT: "1" },
    timeout: PATIENCE,
    killSignal: "SIGKILL",
  });
  if (error !== undefined && /** @type {NodeJS.ErrnoException} */ (error).code === "ETIMEDOUT") return "failed";
  if (status === 0) return "passed";
  try {
    return JSON.parse(readFileSync(report, "utf8")).numFailedTests > 0 ? "failed" : "broken";
  } catch {
    return "broken";
  }
}

/** Without a break all tests have to pass: else any failure would count as a break that was noticed. */
function failingBaselines() {
  const sets = new Map(chosen.map(({ tests }) => [tests.join(" "), tests]));
  return [...sets].filter(([label, tests]) => {
    const outcome = runTests(tests);
    console.log(`${outcome === "passed" ? "passes   " : "ERROR    "} without a break: ${label}`);
    return outcome !== "passed";
  });
}

/** @param {import("./breaks.mjs").Break} one */
function tryBreak({ file, text, becomes, tests }) {
  const path = join(scratch, file);
  const original = readFileSync(path, "utf8");
  const parts = original.split(text);
  if (parts.length !== 2) return `ERROR     its text stands ${parts.length - 1} times in ${file}`;
  writeFileSync(path, parts.join(becomes));
  try {
    const outcome = runTests(tests);
    if (outcome === "broken") return `ERROR     the tests do not run with it: ${file}`;
    return outcome === "failed" ? "noticed  " : `SURVIVES  ${file}: ${tests.join(" ")}`;
  } finally {
    writeFileSync(path, original);
  }
}

/** @returns how many breaks were not noticed, or could not be tried */
function tryAll() {
  for (const name of COPIED) cpSync(join(ROOT, name), join(scratch, name), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(scratch, "node_modules"));
  let bad = failingBaselines().length;
  for (const one of chosen) {
    const outcome = tryBreak(one);
    if (!outcome.startsWith("noticed")) bad++;
    console.log(`${outcome.slice(0, 9)} ${one.name}${outcome.slice(9) === "" ? "" : `: ${outcome.slice(10)}`}`);
  }
  console.log(`${chosen.length} breaks, ${bad} not noticed`);
  return bad;
}

try {
  process.exitCode = tryAll() === 0 ? 0 : 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
