import type { Reporter, TestModule } from "vitest/node";

/** Prints every skipped test with its reason: a test that did not run is never silent. */
export class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped: string[] = [];
    for (const module of modules) {
      for (const test of module.children.allTests("skipped")) {
        const result = test.result();
        const reason = result.state === "skipped" ? result.note : undefined;
        // Where a suite's preparation failed its tests count as skipped too: the failure tells enough.
        if (reason === undefined && test.options.mode !== "skip") continue;
        skipped.push(`  ${module.relativeModuleId} > ${test.fullName}: ${reason ?? "no reason given"}`);
      }
    }
    if (skipped.length > 0) process.stdout.write(`\nSkipped on this machine:\n${skipped.join("\n")}\n`);
  }
}
