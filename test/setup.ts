import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { afterAll } from "vitest";
import { useThreadScript } from "../src/engine/thread-script.js";

// Worker threads cannot load TypeScript: their script is bundled afresh for every test file.
const folder = mkdtempSync(join(tmpdir(), "envpack-thread-"));
const script = join(folder, "thread.cjs");
buildSync({
  entryPoints: [new URL("../src/engine/thread.ts", import.meta.url).pathname],
  outfile: script,
  bundle: true,
  platform: "node",
  format: "cjs",
  logLevel: "error",
});
useThreadScript(script);
afterAll(() => rm(folder, { recursive: true, force: true }));
