/**
 * `make test-real`: runs the environments' tests, those too that take minutes to build, proves each by `envpack prove`, and prints a line for
 * each and for each row of the census (row-reporter.ts). Arguments are vitest's: `-t pnpm` for some of them.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../../..");
const vitest = join(ROOT, "node_modules", "vitest", "vitest.mjs");
const reporter = join(import.meta.dirname, "row-reporter.ts");
const args = [vitest, "run", "test/real/environments", `--reporter=${reporter}`, ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, args, {
  cwd: ROOT,
  stdio: "inherit",
  env: { ...process.env, ENVPACK_TEST_ALL: "1", ENVPACK_TEST_PROVE: "1" },
});
process.exitCode = status ?? 1;
