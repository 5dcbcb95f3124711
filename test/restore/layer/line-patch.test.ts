import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { applyPatch, makePatch } from "../../../src/restore/layer/line-patch.js";

const LIMIT = 1 << 20;
const line = fc.constantFrom("a", "b", "c", "", "}", 'with "quotes"', "ünï");

test("any text comes back from its patch, whatever the old one was", () => {
  fc.assert(
    fc.property(fc.array(line), fc.array(line), (base, wanted) => {
      expect(applyPatch(base, makePatch(base, wanted), LIMIT)).toEqual(wanted);
    }),
  );
});

test("a line changed, one inserted and one removed in a long text take a few steps", () => {
  const base = Array.from({ length: 10_000 }, (_, at) => `line ${at}`);
  const wanted = [...base.slice(0, 100), "new", ...base.slice(100, 5000), "changed", ...base.slice(5001, 9000), ...base.slice(9001)];
  const patch = makePatch(base, wanted);
  expect(patch.split("\n").length).toBeLessThan(10);
  expect(applyPatch(base, patch, LIMIT)).toEqual(wanted);
});

test("lines that repeat do not cut the copies short", () => {
  const base = Array.from({ length: 1000 }, (_, at) => ["{", `"name": ${at}`, "},"]).flat();
  const wanted = base.map((text) => (text === '"name": 500' ? '"name": "new"' : text));
  expect(makePatch(base, wanted).split("\n").length).toBeLessThan(6);
});

describe("a patch is not trusted", () => {
  test.each([
    ["a line that is not there", '{"copy":[2,1]}\n'],
    ["more lines than there are", '{"copy":[0,3]}\n'],
    ["a negative number", '{"copy":[-1,1]}\n'],
    ["a number that is none", '{"copy":[0,1.5]}\n'],
    ["numbers beyond all", '{"copy":[0,1e300]}\n'],
    ["another step", '{"run":"rm"}\n'],
    ["two lines in one", '{"add":"a\\nb"}\n'],
    ["no JSON", "copy\n"],
    ["null", "null\n"],
    ["no end", '{"add":"a"}'],
  ])("%s", (_what, patch) => {
    expect(() => applyPatch(["a", "b"], patch, LIMIT)).toThrow(expect.objectContaining({ code: "ARCHIVE_CORRUPT" }));
  });

  test("one that makes more than it may ends early", () => {
    const long = ["x".repeat(1000)];
    expect(() => applyPatch(long, '{"copy":[0,1]}\n'.repeat(10_000), LIMIT)).toThrow(expect.objectContaining({ code: "ARCHIVE_LIMIT" }));
  });
});
