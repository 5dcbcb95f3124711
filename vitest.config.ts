import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { SkipReporter } from "./test/skip-reporter.js";
import { SlowFirst } from "./test/slow-first.js";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Real engines have a run of their own: test/cluster/vitest.config.ts, `make test-cluster`.
    exclude: ["test/cluster/**"],
    // What envpack remembers of the tests' archives is none of the user's business.
    env: { XDG_CACHE_HOME: join(tmpdir(), "envpack-test-cache"), XDG_STATE_HOME: join(tmpdir(), "envpack-test-state") },
    globalSetup: ["test/fresh-build.ts", "test/bundle-thread.ts"],
    setupFiles: ["test/setup.ts"],
    // V8 counts the archives' buffers as heap, and marks all of that anew after every few of them: half the processor time of a
    // hundred small archives. From this size (in megabytes) on it begins to.
    execArgv: ["--initial-old-space-size=256"],
    // Real package managers, compilers and shells take their time on a busy machine; a hang is still found.
    testTimeout: 120_000,
    hookTimeout: 300_000,
    // Most real tests wait for the programs they start: every processor gets a worker.
    maxWorkers: "100%",
    sequence: { sequencer: SlowFirst },
    reporters: [new SkipReporter(), "default"],
  },
});
