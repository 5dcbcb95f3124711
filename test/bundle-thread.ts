import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** The path of the worker threads' script. */
    readonly threadScript: string;
  }
}

/** Once for all test files: worker threads cannot load TypeScript, so their script is bundled afresh. */
export default function bundleThread(project: TestProject): () => Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "envpack-thread-"));
  const threadScript = join(folder, "thread.cjs");
  buildSync({
    entryPoints: [new URL("../src/engine/threads/thread.ts", import.meta.url).pathname],
    outfile: threadScript,
    bundle: true,
    platform: "node",
    format: "cjs",
    logLevel: "error",
  });
  project.provide("threadScript", threadScript);
  return () => rm(folder, { recursive: true, force: true });
}
