import type { SlimRule } from "../rule.js";

const REPORTS = ["lcov.info", "lcov-report", "coverage-final.json", "coverage-summary.json", "clover.xml"];

/** What tools of a package's makers left in it by mistake, and would make again. Those of the project itself are left out always. */
export const CACHES: SlimRule = {
  name: "caches",
  why: "left over from making the package",
  folder: (inside, names) => inside === ".nyc_output" || (inside === "coverage" && names().some((name) => REPORTS.includes(name))),
  file: ({ name }) => /\.tsbuildinfo$/.test(name),
};
