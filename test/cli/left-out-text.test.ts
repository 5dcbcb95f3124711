import { expect, test } from "vitest";
import { leftOutLines, noticeLines } from "../../src/cli/left-out-text.js";

test("what stays behind is told by reason, the largest first, with the paths that weigh most", () => {
  const lines = leftOutLines([
    { path: "app/.env", reason: "secret", kind: "environment file", files: 1, bytes: 20 },
    { path: "app/c/small", reason: "cache", kind: "tool cache", files: 1, bytes: 1 },
    { path: "app/c/big", reason: "cache", kind: "tool cache", files: 9, bytes: 900 },
    { path: "app/c/mid", reason: "cache", kind: "tool cache", files: 2, bytes: 90 },
    { path: "app/c/tiny", reason: "cache", kind: "tool cache", files: 1, bytes: 9 },
  ]);
  expect(lines).toEqual([
    "left out:",
    "  13 files, 1.0 kB: caches that tools make again (--include keeps them): app/c/big, app/c/mid, app/c/tiny and 1 more",
    "  1 file, 20 B: secrets (--include-secret PATH keeps one): app/.env",
  ]);
});

test("a folder that was not walked is counted as a folder", () => {
  const lines = leftOutLines([{ path: "app/.git", reason: "vcs", kind: "git", files: null, bytes: null }]);
  expect(lines[1]).toBe("  1 folder: version control: app/.git");
});

test("nothing left out is no line at all", () => {
  expect(leftOutLines([])).toEqual([]);
});

test("names are escaped", () => {
  const lines = leftOutLines([{ path: "a\x1b[2J", reason: "excluded", kind: "x", files: 1, bytes: 1 }]);
  expect(lines.join("\n")).not.toContain("\x1b");
  expect(noticeLines([{ code: "X", message: "seen", path: "a\nb" }])).toEqual(["note: seen: a\\u000ab"]);
});
