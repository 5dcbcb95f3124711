import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

test("docs/errors.md has a row for every code, in the order of the union, and no other", () => {
  const source = readFileSync(join(ROOT, "src/errors.ts"), "utf8");
  const union = /export type ErrorCode =[^;]*;/.exec(source)?.[0] ?? "";
  const codes = [...union.matchAll(/^ {2}\| "([A-Z_]+)"/gm)].map((match) => match[1]);
  const page = readFileSync(join(ROOT, "docs/errors.md"), "utf8");
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| [^|]+ \| [^|]+ \|$/gm)].map((match) => match[1]);
  expect(codes.length).toBeGreaterThan(30);
  expect(rows).toEqual(codes);
});
