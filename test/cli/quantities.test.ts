import { expect, test } from "vitest";
import { formatClock, formatSeconds } from "../../src/cli/quantities.js";
import { countOf, formatBytes, formatShare } from "../../src/support/quantities.js";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [1250, "1.3 kB"],
  [999_949, "999.9 kB"],
  [999_960, "1.0 MB"],
  [290_100_000, "290.1 MB"],
  [4.2e9, "4.2 GB"],
])("%d bytes are written %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test.each([
  [0.04, "0.0 s"],
  [8.26, "8.3 s"],
  [59.96, "1 min 00 s"],
  [125.2, "2 min 05 s"],
])("%d seconds are written %s", (seconds, text) => {
  expect(formatSeconds(seconds)).toBe(text);
});

test.each([
  [0, "0:00"],
  [6.2, "0:07"],
  [754, "12:34"],
  [3723, "1:02:03"],
])("%d seconds on a clock are %s", (seconds, text) => {
  expect(formatClock(seconds)).toBe(text);
});

test("one of a thing is singular", () => {
  expect([countOf(1, "file", "files"), countOf(0, "file", "files"), countOf(1234, "file", "files")]).toEqual([
    "1 file",
    "0 files",
    "1,234 files",
  ]);
});

test("a share of nothing is no number", () => {
  expect([formatShare(33, 100), formatShare(0, 0)]).toEqual(["33 %", null]);
});
