/**
 * `make test-real`: runs the environments' tests and prints a line for each, with the rows of the
 * census that it stands for: what worked before the move and after, and the paths that remain.
 * ENVPACK_TEST_ALL=1 takes the environments along that take minutes to build.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../../..");
const scratch = mkdtempSync(join(tmpdir(), "envpack-rows-"));
const rows = join(scratch, "rows");
const vitest = join(ROOT, "node_modules", "vitest", "vitest.mjs");
const env = { ...process.env, ENVPACK_TEST_ROWS: rows };
const { status } = spawnSync(process.execPath, [vitest, "run", "test/real/environments", ...process.argv.slice(2)], { cwd: ROOT, stdio: "inherit", env });
const lines = existsSync(rows) ? readFileSync(rows, "utf8").trimEnd().split("\n").sort() : [];
rmSync(scratch, { recursive: true, force: true });
console.log(`\n${lines.join("\n")}\n\n${lines.length} environments moved and did the same as before`);
process.exitCode = status ?? 1;
