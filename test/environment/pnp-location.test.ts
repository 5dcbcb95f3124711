import { expect, test } from "vitest";
import { formatLocation, parseLocation, splitZip } from "../../src/environment/pnp/location.js";

test.each([
  ["./", ""],
  ["./packages/web/", "packages/web"],
  ["../home/.yarn/berry/cache/a.zip/node_modules/a/", "../home/.yarn/berry/cache/a.zip/node_modules/a"],
  ["./.yarn/__virtual__/a-virtual-0f/0/cache/a.zip/node_modules/a/", ".yarn/cache/a.zip/node_modules/a"],
  ["./.yarn/__virtual__/a-virtual-0f/2/home/cache/a.zip/node_modules/a/", "../home/cache/a.zip/node_modules/a"],
  ["./.yarn/__virtual__/web-virtual-0f/1/packages/web/", "packages/web"],
])("%s lies at %j, and is written as before", (location, path) => {
  const parsed = parseLocation(location);
  expect(parsed.path).toBe(path);
  expect(formatLocation(parsed)).toBe(location);
});

test("a virtual location keeps its hash when what it stands for moves", () => {
  const { virtual } = parseLocation("./.yarn/__virtual__/a-virtual-0f/2/home/cache/a.zip/node_modules/a/");
  expect(formatLocation({ path: ".yarn/cache/a.zip/node_modules/a", virtual })).toBe(
    "./.yarn/__virtual__/a-virtual-0f/0/cache/a.zip/node_modules/a/",
  );
  expect(formatLocation({ path: "../links/a", virtual })).toBe("./.yarn/__virtual__/a-virtual-0f/2/links/a/");
});

test("a location in an archive is told from a folder", () => {
  expect(splitZip("../c/a.zip/node_modules/@s/a")).toEqual({ zip: "../c/a.zip", inside: "node_modules/@s/a" });
  expect(splitZip(".yarn/unplugged/a/node_modules/a")).toBeNull();
  expect(splitZip("packages/a.zipper")).toBeNull();
});
