import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

test("docs/errors.md has a row for every code, in the order of the union, and no other", () => {
  const source = readFileSync(join(ROOT, "src/support/errors.ts"), "utf8");
  const union = /export type ErrorCode =[^;]*;/.exec(source)?.[0] ?? "";
  const codes = [...union.matchAll(/^ {2}\| "([A-Z_]+)"/gm)].map((match) => match[1]);
  const page = readFileSync(join(ROOT, "docs/errors.md"), "utf8");
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| [^|]+ \| [^|]+ \|$/gm)].map((match) => match[1]);
  expect(codes.length).toBeGreaterThan(30);
  expect(rows).toEqual(codes);
});

test("N13: every code is given by something in src/, and every hint that names a command of envpack names a real one", () => {
  const union = /export type ErrorCode =[^;]*;/.exec(readFileSync(join(ROOT, "src/support/errors.ts"), "utf8"))?.[0] ?? "";
  const codes = [...union.matchAll(/^ {2}\| "([A-Z_]+)"/gm)].map((match) => match[1] ?? "");
  const files = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  const source = files.map((name) => readFileSync(join(ROOT, "src", name), "utf8").replace(union, "")).join("\n");
  // Comments that promise a code, and questions whether an error has it, give none.
  const given = source.replaceAll(/^\s*(\/?\*|\/\/).*$/gm, "").replaceAll(/code [!=]== "[A-Z_]+"/g, "");
  expect(codes.filter((code) => !given.includes(`"${code}"`))).toEqual([]);
  const commands = new Set([...source.matchAll(/^ {4}\.command\("([a-z-]+)"/gm)].map((match) => match[1] ?? ""));
  const named = [...source.matchAll(/`envpack ([a-z][a-z-]+)[ `]/g)].map((match) => match[1] ?? "");
  expect(commands.size).toBeGreaterThan(10);
  expect(named.filter((name) => !commands.has(name))).toEqual([]);
});
