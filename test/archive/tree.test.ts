import { describe, expect, test } from "vitest";
import type { Entry } from "../../src/archive/entry.js";
import { findPathFault } from "../../src/archive/path-rules.js";
import { checkTree } from "../../src/archive/tree.js";

const d = (path: string): Entry => ({ type: "directory", path });
const f = (path: string): Entry => ({ type: "file", path, executable: false, size: 0, sha256: "0".repeat(64) });
const s = (path: string, target: string): Entry => ({ type: "symlink", path, target });
const h = (path: string, target: string, executable = false): Entry => ({ type: "hardlink", path, executable, target });

describe("a tree is refused where", () => {
  const cases: [string, Entry[]][] = [
    ["a name climbs out", [f("../x")]],
    ["a name climbs out halfway", [d("a"), f("a/../../x")]],
    ["a name is absolute", [f("/x")]],
    ["a name is absolute on Windows", [f("C:x")]],
    ["a name is a UNC path", [f("\\\\host\\x")]],
    ["a name climbs with backslashes", [f("..\\x")]],
    ["a name has a newline", [f("a\nb")]],
    ["a name has an escape sequence", [f("a\u001b[2Jb")]],
    ["a name has a NUL", [f("a\u0000b")]],
    ["a name is not valid Unicode", [f("a\ud800")]],
    ["a name was not valid UTF-8", [f("a\ufffd")]],
    ["a name is empty", [f("")]],
    ["a file is the root", [f(".")]],
    ["a name is too long", [f("x".repeat(256))]],
    ["a name is too long in UTF-8 only", [f("é".repeat(128))]],
    ["a path is too long", [f("x/".repeat(2100))]],
    ["a name comes twice", [f("a"), f("a")]],
    ["a name comes twice in another form", [d("a"), f("a//b")]],
    ["a name has a dot part", [d("a"), f("a/./b")]],
    ["a folder comes after what it holds", [f("a/b"), d("a")]],
    ["a file has children", [f("a"), f("a/b")]],
    ["a folder turns into a link", [d("a"), f("a/b"), s("a", "b")]],
    ["a file is written through a link", [d("t"), s("a", "t"), f("a/b")]],
    ["a link is absolute", [s("a", "/etc")]],
    ["a link is empty", [s("a", "")]],
    ["a link climbs out", [s("a", "..")]],
    ["a link climbs out from below", [d("a"), s("a/b", "../../x")]],
    ["a link climbs out through another one", [d("a"), d("a/b"), d("a/b/c"), s("a/b/c/up", "../.."), s("a/b/e", "c/up/../..")]],
    ["a link climbs out behind what is missing", [s("a", "x/../../y")]],
    ["a link leads to itself", [s("a", "a")]],
    ["links lead round", [s("a", "b"), s("b", "a")]],
    ["links lead round through a folder", [d("a"), s("a/l", "../b/x"), s("b", "a/l")]],
    ["a hard link leads to nothing", [h("a", "b")]],
    ["a hard link leads ahead", [h("a", "b"), f("b")]],
    ["a hard link leads to itself", [h("a", "a")]],
    ["a hard link leads to a folder", [d("a"), h("b", "a")]],
    ["a hard link leads to a link", [f("a"), s("b", "a"), h("c", "b")]],
    ["a hard link leads to a hard link", [f("a"), h("b", "a"), h("c", "b")]],
    ["a hard link climbs out", [h("a", "../b")]],
    ["a hard link makes its file a program", [f("a"), h("b", "a", true)]],
  ];
  test.each(cases)("%s", (_, entries) => {
    expect(() => {
      checkTree(entries);
    }).toThrow(expect.objectContaining({ code: "ARCHIVE_UNSAFE" }));
  });
});

test("many links that each lead through thousands of folders are refused before they take minutes", () => {
  const deep = Array.from({ length: 2000 }, (_, at) => d(`${"d/".repeat(at)}d`));
  const links = Array.from({ length: 10_000 }, (_, at) => s(`l${at}`, `${"d/".repeat(2000)}x`));
  const began = performance.now();
  expect(() => {
    checkTree([...deep, ...links]);
  }).toThrow(expect.objectContaining({ code: "ARCHIVE_LIMIT" }));
  expect(performance.now() - began).toBeLessThan(20_000);
  checkTree([...deep, ...links.slice(0, 10)]);
});

describe("a tree is accepted with", () => {
  const cases: [string, Entry[]][] = [
    ["pnpm's links", [d("n"), d("n/.p"), d("n/.p/x@1"), f("n/.p/x@1/i.js"), s("n/x", ".p/x@1"), s("n/y", "x/i.js")]],
    ["a link to the root itself", [d("a"), s("a/b", "..")]],
    ["a link that dangles inside", [d("a"), s("a/b", "../nowhere/at/all")]],
    ["a link through a file, which dangles", [f("a"), s("b", "a/c")]],
    ["a link ahead", [s("a", "b"), f("b")]],
    ["a hard link", [f("a"), h("b", "a")]],
    ["names that are only odd", [f("__proto__"), f("0"), f("a b"), f("..."), f("日本"), f("-rf"), f("*"), f("constructor")]],
    ["folders as deep as a path may be", [...Array.from({ length: 2000 }, (_, index) => d(`${"x/".repeat(index)}x`))]],
  ];
  test.each(cases)("%s", (_, entries) => {
    checkTree(entries);
  });
});

test("names that Windows reserves are refused there and nowhere else", () => {
  for (const name of ["CON", "a.", "app/f:x", "nul.txt", "a?b", "a\\b"]) {
    expect(findPathFault(name, "linux")).toBeNull();
    expect(findPathFault(name, "win32")).not.toBeNull();
  }
});
