import type { Drop } from "./drop.js";

const REPORT: Drop = { reason: "cache", kind: "test report" };

/** What istanbul, c8 and vitest write into `coverage/` (census: "test and lint caches", `coverage/**`); a folder of that name may also be sources. */
const COVERAGE_MARKS = ["lcov.info", "lcov-report", "coverage-final.json", "coverage-summary.json", "clover.xml", ".tmp"];

/** @param names the content of a folder, asked for only where its name is `coverage` */
export function findCoverage(path: string, name: string, names: () => readonly string[]): Drop | null {
  if (name !== "coverage" || /(^|\/)node_modules\//.test(path)) return null;
  return names().some((mark) => COVERAGE_MARKS.includes(mark)) ? REPORT : null;
}
