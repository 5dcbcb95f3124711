import { expect, test } from "vitest";
import { findWays } from "../../../src/evidence/report/ways.js";

test("who asks for a package is told by how near they are to the environment", () => {
  // 3 is asked for by 0 (two steps away), by 1 (one step) and by the environment itself.
  const { dependents, parents } = findWays(
    [null, null, null, null],
    [
      [1, 3],
      [0, 3],
      [null, 3],
      [null, 1],
      [1, 0],
      [3, 2],
    ],
  );
  expect(dependents[3]).toEqual([-1, 1, 0]);
  expect(parents[0]).toBe(1);
  expect(parents[2]).toBe(3);
});
