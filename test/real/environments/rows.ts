import { appendFileSync } from "node:fs";
import type { EnvironmentCase } from "./case.js";
import type { Doings } from "./smoke.js";

type Row = Pick<EnvironmentCase, "name" | "census"> & { readonly expect: { readonly refused?: string } };

/**
 * Notes that a case came through, for `make test-real` to print: a line a case in the file that
 * ENVPACK_TEST_ROWS names.
 */
export function writeRow(one: Row, doings: Doings, residue: number): void {
  const file = process.env.ENVPACK_TEST_ROWS;
  if (file === undefined) return;
  const tried = Object.keys(doings).length;
  const paths = residue === 0 ? "residual paths 0" : `residual paths in ${residue} files, all reported`;
  const outcome = one.expect.refused === undefined ? `ok before, ok after (${tried} checks), ${paths}` : `refused with ${one.expect.refused}`;
  appendFileSync(file, `${one.name.padEnd(28)} ${outcome.padEnd(70)} ${one.census}\n`);
}
