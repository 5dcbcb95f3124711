import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { TestProject } from "vitest/node";
import { acquireLock, BusyError, type Lock } from "../src/support/lock.js";
import { needBuild } from "./reach.js";

const ROOT = dirname(import.meta.dirname);
/** The first and the last file that a build writes: one that was interrupted has no last one. */
const FIRST = join(ROOT, "dist/index.js");
const LAST = join(ROOT, "dist/man/envpack.1");
/** Two runs at a time do not build over each other. */
const LOCK = join(ROOT, "node_modules/.envpack-build");
/** Milliseconds between two looks at a lock that another run holds. */
const PAUSE = 200;

/** Builds dist/ once, before the tests that work with it, where a source is newer. ENVPACK_TEST_AS_BUILT=1 leaves it as it is. */
export default async function buildIfStale(project: TestProject): Promise<void> {
  if (process.env.ENVPACK_TEST_AS_BUILT === "1" || !isStale()) return;
  // What was named on the command line; vitest keeps it where its types do not show it.
  const { filenamePattern } = project.vitest as unknown as { readonly filenamePattern?: string[] };
  const { testFiles } = await project.globTestFiles(filenamePattern);
  if (needBuild(testFiles).length === 0) return;
  const lock = await waitForLock();
  try {
    if (!isStale()) return;
    process.stdout.write("dist/ is older than its sources: npm run build\n");
    execFileSync("npm", ["run", "--silent", "build"], { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
  } finally {
    await lock.release();
  }
}

async function waitForLock(): Promise<Lock> {
  for (;;) {
    try {
      return await acquireLock(LOCK, "another run of the tests builds dist/");
    } catch (error) {
      if (!(error instanceof BusyError && error.mayEnd)) throw error;
      await sleep(PAUSE);
    }
  }
}

function isStale(): boolean {
  if (!existsSync(FIRST) || !existsSync(LAST)) return true;
  const folders = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" }).map((name) => join("src", name));
  // A folder is newer once something in it was removed.
  const sources = ["src", ...folders, "package.json", "tsconfig.json", "tsconfig.build.json"];
  return Math.max(...sources.map((name) => statSync(join(ROOT, name)).mtimeMs)) > statSync(FIRST).mtimeMs;
}
