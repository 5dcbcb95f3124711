import { expect, test } from "vitest";
import { climbsOf, namesTypescript } from "../../src/plan/own-place.js";

const MEGABYTE = 1024 * 1024;

test.each([
  ["escaped quotes", `"${'\\"'.repeat(MEGABYTE / 2)}`],
  ["nested dirname", "dirname(".repeat(MEGABYTE / 8)],
  ["climbs", '"..", '.repeat(MEGABYTE / 6)],
  ["open quotes", "'\"`".repeat(MEGABYTE / 3)],
  ["spaces", `from${" ".repeat(MEGABYTE)}`],
  ["climbs with spaces", `"..${'"  +  "..'.repeat(MEGABYTE / 9)}`],
])("56: a megabyte of %s is looked through in linear time", { timeout: 20_000 }, (_, text) => {
  const script = `__dirname;${text}`;
  const start = process.cpuUsage();
  climbsOf(script);
  namesTypescript(script);
  const { user } = process.cpuUsage(start);
  expect(user / 1e6, "seconds of the processor").toBeLessThan(5);
});

test("steps that build upon one another are added up, imports are not among them", () => {
  expect(climbsOf('import "../a.js"; join(__dirname, ".."); join(up, "..", "x")')).toBe(2);
  expect(climbsOf('import "../a.js"; import("../b.js")')).toBe(1);
  expect(climbsOf('join(base, "../../..")')).toBe(0);
});

test("a script may have more imports than a function takes arguments", () => {
  expect(climbsOf(`${'import "../a.js";'.repeat(150_000)}import "../../b.js";`)).toBe(2);
});
