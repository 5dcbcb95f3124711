import { expect, test } from "vitest";
import type { PlannedEntry } from "../../../src/archive/entry.js";
import { checkWindowsNames } from "../../../src/verbs/pack/platform/windows-names.js";

const entries = (...paths: readonly string[]): PlannedEntry[] => paths.map((path) => ({ type: "directory", path }));

test.each([
  "app/con",
  "app/Aux.js",
  "app/nul.tar.gz",
  "app/COM1/x",
  "app/ends with a dot.",
  "app/ends with a blank ",
  "app/a:stream",
  "app/what?",
  "app/a*b",
  "app/<b>",
  "app/a|b",
  'app/"q"',
  "app/a\\b",
])("%j is no name for Windows, and one for others", (path) => {
  expect(() => checkWindowsNames(entries("app", path), { os: "win32" })).toThrow(
    expect.objectContaining({ code: "NAME_NOT_PORTABLE", path, hint: expect.stringContaining("--exclude") }),
  );
  expect(checkWindowsNames(entries("app", path), { os: "linux" })).toEqual([]);
});

test.each(["app/console", "app/.con", "app/common/aux-dir/x.js", "app/a.b.c", "app/ü b/[x] (1) {y} #%&@!'~.js"])("%j is one", (path) => {
  expect(checkWindowsNames(entries("app", path), { os: "win32" })).toEqual([]);
});

test.each([
  ["app/README", "app/readme"],
  ["app/Lib", "app/lib"],
  ["app/caf\u00e9", "app/cafe\u0301"],
])("%j and %j would be one there", (a, b) => {
  expect(() => checkWindowsNames(entries("app", a, b), { os: "win32" })).toThrow(expect.objectContaining({ code: "NAME_COLLISION" }));
  expect(checkWindowsNames(entries("app", a, b), { os: "linux" })).toEqual([]);
});
