import { execFileSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

const folders: string[] = [];

// Of the file that imports this one first: vitest loads it afresh for each. It runs after the file's own hooks.
afterAll(() => {
  for (const folder of folders.splice(0)) {
    // A test may have made something read-only, which another user than root could not remove.
    if (process.getuid?.() !== 0) execFileSync("chmod", ["-R", "u+rwx", folder], { stdio: "ignore" });
    rmSync(folder, { recursive: true, force: true });
  }
});

/** A new folder for the tests of a file, its real path; removed when all of them are done. */
export function scratchFolder(name = "test"): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), `envpack-${name}-`)));
  folders.push(folder);
  return folder;
}
