import { describe, expect, test } from "vitest";
import { readPackageJsonText, type PackageJson } from "../../src/environment/package-json.js";
import {
  admits,
  commonPlatform,
  findMisplaced,
  findPlatformFamilies,
  type PlatformPackage,
} from "../../src/environment/platform-families.js";
import { findForeignNames, readPlatformName } from "../../src/native/platform-names.js";

const HERE = { os: "linux", arch: "x64", libc: "glibc" } as const;
const json = (fields: object): PackageJson => readPackageJsonText(JSON.stringify(fields))!;
const one = (name: string, fields: object): { name: string; path: string; json: PackageJson } => ({
  name,
  path: `node_modules/${name}`,
  json: json({ name, version: "1.0.0", ...fields }),
});
const tool = (...names: string[]): ReturnType<typeof one> =>
  one("tool", { optionalDependencies: Object.fromEntries(names.map((name) => [name, "1.0.0"])) });
const misplaced = (...packages: ReturnType<typeof one>[]): string[] =>
  findMisplaced(findPlatformFamilies({ root: "/p" }, packages, []), HERE).map(({ name }) => name);
const MAC = one("@t/darwin-arm64", { os: ["darwin"], cpu: ["arm64"] });
const LINUX = one("@t/linux-x64", { os: ["linux"], cpu: ["x64"] });

describe("packages that exist once a platform", () => {
  test("tell another one where the one for this is named and absent", () => {
    expect(misplaced(tool("@t/darwin-arm64", "@t/linux-x64"), MAC)).toEqual(["@t/darwin-arm64"]);
    expect(misplaced(tool("@t/darwin-arm64", "@t/linux-x64"), MAC, LINUX)).toEqual([]);
    expect(misplaced(tool("@t/darwin-arm64", "@t/linux-x64"), LINUX)).toEqual([]);
  });

  test("tell nothing where there is none for this platform, or WebAssembly is there", () => {
    expect(misplaced(tool("fsevents"), one("fsevents", { os: ["darwin"] }))).toEqual([]);
    expect(misplaced(tool("@t/darwin-arm64", "@t/win32-x64"), MAC)).toEqual([]);
    expect(misplaced(tool("@t/wasm32", "@t/darwin-arm64", "@t/linux-x64"), MAC, one("@t/wasm32", { cpu: ["wasm32"] }))).toEqual([]);
  });

  test("have a family for each version of their dependent", () => {
    const newer = one("other", { optionalDependencies: { "@t/darwin-arm64": "2.0.0", "@t/linux-x64": "2.0.0" } });
    const mac = {
      ...one("@t/darwin-arm64", { version: "2.0.0", os: ["darwin"], cpu: ["arm64"] }),
      path: "node_modules/other/node_modules/@t/darwin-arm64",
    };
    const found = findMisplaced(
      findPlatformFamilies({ root: "/p" }, [tool("@t/darwin-arm64", "@t/linux-x64"), LINUX, newer, mac], []),
      HERE,
    );
    expect(found.map(({ path }) => path)).toEqual([mac.path]);
  });

  test("for glibc and musl are told apart, and what is for both is for each", () => {
    const musl: PlatformPackage = { name: "m", path: "m", os: ["linux"], cpu: ["x64"], libc: ["musl"] };
    expect([admits(musl, HERE), admits(musl, { ...HERE, libc: "musl" }), admits({ ...musl, libc: [] }, HERE)]).toEqual([false, true, true]);
    expect(commonPlatform([musl, { ...musl, libc: [] }])).toEqual({ os: "linux", arch: "x64", libc: "musl" });
    expect(commonPlatform([musl, { ...musl, libc: ["glibc"] }])).toEqual({ os: "linux", arch: "x64", libc: null });
    expect(commonPlatform([musl, { ...musl, os: ["darwin"] }])).toBeNull();
    expect(admits({ ...musl, os: ["!win32"], libc: [] }, HERE)).toBe(true);
  });
});

test.each([
  ["@img/sharp-linuxmusl-x64", "img-sharp", "linux", ["x64"], "musl"],
  ["@rollup/rollup-win32-x64-msvc", "rollup-rollup", "win32", ["x64"], null],
  ["turbo-windows-64", "turbo", "win32", ["x64"], null],
  ["@next/swc-linux-arm64-gnu", "next-swc", "linux", ["arm64"], "glibc"],
  ["fsevents", "fsevents", null, [], null],
])("the name %s is taken apart", (name, stem, os, cpu, libc) => {
  expect(readPlatformName(name)).toEqual({ stem, os, cpu, libc });
});

test("names in a manifest tell a tree for another platform, and nothing of one that has this one too", () => {
  expect(findForeignNames(["@t/darwin-arm64", "base-64", "windows-iana"], HERE)).toEqual(["@t/darwin-arm64"]);
  expect(findForeignNames(["@t/darwin-arm64", "@t/linux-x64"], HERE)).toEqual([]);
  expect(findForeignNames(["@t/darwin-arm64", "@t/wasm32"], HERE)).toEqual([]);
});
