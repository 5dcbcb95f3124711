import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BREAKS } from "./breaks.mjs";

const ROOT = join(import.meta.dirname, "../..");

test.each(BREAKS)("the break can be made, and tests are near: $name", ({ file, text, becomes, tests }) => {
  expect(readFileSync(join(ROOT, file), "utf8").split(text)).toHaveLength(2);
  expect(becomes).not.toBe(text);
  expect(tests.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
});
