import type { SlimRule } from "../rule.js";

/** Folders of tests at the top of a package; jest's own name for them is one at any depth. */
const TOP = /^(?:tests?|specs?|__mocks__|e2e)$/;
const ANYWHERE = /(?:^|\/)__tests__$/;

/** Tests of packages were run by those who made them; their test runners are not installed. */
export const TESTS: SlimRule = {
  name: "tests",
  why: "those who made the package ran them",
  folder: (inside) => TOP.test(inside) || ANYWHERE.test(inside),
  file: ({ name }) => /.\.(?:test|spec)\.[cm]?[jt]sx?$/.test(name),
};
