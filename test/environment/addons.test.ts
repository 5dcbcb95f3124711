import { cpSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { checkAddons, noticeLibraries, requiredGlibc } from "../../src/environment/addons.js";
import type { Environment } from "../../src/environment/environment.js";
import type { NativeFile } from "../../src/native/native-file.js";
import { listTree } from "../../src/listing/listing.js";
import { findNatives } from "../../src/native/find-natives.js";
import { readEnvironment } from "../../src/environment/read.js";
import type { Runtime } from "../../src/environment/runtime.js";
import type { Notice } from "../../src/support/progress.js";
import { planArchive } from "../../src/plan/plan-archive.js";
import { makeFolder } from "./tree.js";

const runtime: Runtime = {
  version: "20.20.2",
  os: "linux",
  arch: "x64",
  abi: "115",
  napi: "9",
  libc: "glibc",
  glibc: "2.28",
  binary: "/opt/node/bin/node",
  tools: new Map(),
  origin: "current",
};

function native(file: string, more: Partial<NativeFile> = {}): NativeFile {
  const known = { os: "linux", arch: "x64", libc: "glibc", glibc: "2.17", needed: [], abi: "napi" } as const;
  return { ...known, file: `node_modules/m/${file}`, package: "node_modules/m", ...more };
}

function environment(...natives: NativeFile[]): Environment {
  const packages = [{ name: "m", version: "1.0.0", path: "node_modules/m", dev: false }];
  const rest = { kind: "project", name: "p", version: null, root: "/p", namedRoot: "/p", manager: null, bins: [], notices: [] } as const;
  return { ...rest, packages, runtime, natives };
}

const check = (...natives: NativeFile[]): readonly Notice[] => checkAddons(environment(...natives), () => true);

describe("an addon that the packed runtime cannot load", () => {
  test("built by node-gyp for another NODE_MODULE_VERSION is named with its package", () => {
    const hint: unknown = expect.stringContaining("npm rebuild");
    const error = { code: "ADDON_MISMATCH", message: expect.stringContaining("m@1.0.0 was built for NODE_MODULE_VERSION 108") };
    expect(() => check(native("build/Release/m.node", { abi: "108" }))).toThrow(expect.objectContaining({ ...error, hint }));
  });

  test("built for another system or C library", () => {
    expect(() => check(native("build/Release/m.node", { os: "darwin" }))).toThrow(/built for darwin/);
    expect(() => check(native("build/Release/m.node", { arch: "arm64" }))).toThrow(/built for linux arm64/);
    expect(() => check(native("build/Release/m.node", { libc: "musl" }))).toThrow(/musl/);
  });

  test("prebuilt for other versions only, where another node is packed than the one that it was installed with", () => {
    const built = {
      ...native("build/Release/b.node", { abi: "115" }),
      file: "node_modules/b/build/Release/b.node",
      package: "node_modules/b",
    };
    const old = native("lib/binding/node-v108/m.node", { abi: "108" });
    const packed = (abi: string): Environment => ({ ...environment(old, { ...built, abi }), runtime: { ...runtime, abi } });
    expect(checkAddons(packed("115"), () => true)).toMatchObject([{ code: "ADDON_WITHOUT_MATCH", path: old.file }]);
    expect(() => checkAddons({ ...packed("115"), runtime: { ...runtime, abi: "127" } }, (file) => file === old.file)).toThrow(
      /NODE_MODULE_VERSION 108/,
    );
  });
});

describe("no false alarm", () => {
  test.each<[string, NativeFile[]]>([
    ["an N-API addon", [native("build/Release/m.node")]],
    ["an addon of the runtime's own version", [native("build/Release/m.node", { abi: "115" })]],
    ["an addon whose registration is not known", [native("build/Release/m.node", { abi: null })]],
    [
      "prebuilds of which one fits",
      [native("prebuilds/linux-x64/node.abi108.node", { abi: "108" }), native("prebuilds/linux-x64/node.abi115.node", { abi: "115" })],
    ],
    [
      "prebuilds for other platforms only",
      [
        native("prebuilds/darwin-arm64/node.node", { os: "darwin" }),
        native("prebuilds/linux-arm64/node.node", { arch: "arm64", abi: "108" }),
      ],
    ],
    ["a prebuild for Electron", [native("prebuilds/linux-x64/electron.abi110.node", { abi: "110" })]],
    ["an addon of the package's tests", [native("test/fixture/build/Release/x.node", { abi: "108" }), native("build/Release/m.node")]],
  ])("%s", (_what, natives) => {
    expect(() => check(...natives)).not.toThrow();
  });

  test("an addon that is not packed", () => {
    expect(() => checkAddons(environment(native("build/Release/m.node", { abi: "1" })), () => false)).not.toThrow();
  });
});

describe("a library that an addon needs", () => {
  const notices = (...natives: NativeFile[]): readonly string[] =>
    noticeLibraries(environment(...natives), () => true).map(({ message }) => message);

  test("and that stays behind is told with the package", () => {
    const needed = ["libpq.so.5", "libstdc++.so.6", "libc.so.6", "libm.so.6"];
    expect(notices(native("build/Release/m.node", { needed }))).toEqual([expect.stringContaining("m needs libpq.so.5")]);
  });

  test("and that goes in, or that no addon for this platform needs, is not", () => {
    expect(notices(native("build/Release/m.node", { needed: ["libvips.so.42"] }), native("lib/libvips.so.42", { abi: null }))).toEqual([]);
    expect(notices(native("prebuilds/linux-arm64/m.node", { arch: "arm64", needed: ["libpq.so.5"] }))).toEqual([]);
  });
});

describe("the highest glibc", () => {
  test("is that of the runtime or of the addons, compared as numbers", () => {
    expect(requiredGlibc(environment(native("a.node", { glibc: "2.4" })))).toBe("2.28");
    expect(requiredGlibc(environment(native("a.node", { glibc: "2.34" })))).toBe("2.34");
  });

  test("does not count what is for another platform or for musl", () => {
    const others = [
      native("a.node", { arch: "arm64", glibc: "2.39" }),
      native("b.so", { os: "darwin" }),
      native("c.node", { libc: "musl", glibc: "2.40" }),
    ];
    expect(requiredGlibc(environment(...others))).toBe("2.28");
  });

  test("is null where nothing needs one", () => {
    expect(requiredGlibc({ runtime: null, natives: [native("a.node", { glibc: null })] })).toBeNull();
  });
});

test("an addon compiled by node-gyp is found as N-API, loads, and packs without what was needed to build it", async ({ skip }) => {
  const folder = makeFolder();
  cpSync(new URL("../../fixtures/native-addon/", import.meta.url), folder, { recursive: true });
  try {
    execFileSync("npm", ["ci"], { cwd: folder, stdio: "pipe" });
  } catch (error) {
    skip(`node-gyp cannot compile here: ${String(error).split("\n")[0]}`);
  }
  expect(execFileSync("node", ["index.js"], { cwd: folder, encoding: "utf8" })).toBe("2 + 3 = 5\n");
  const found = findNatives(listTree(folder), [{ path: "" }]);
  expect(found).toMatchObject([{ file: "build/Release/adder.node", os: process.platform, arch: process.arch, abi: "napi" }]);
  const plan = await planArchive(await readEnvironment(folder, { node: "none" }), {
    rules: [],
    omitDev: false,
    includeSecrets: [],
    output: null,
  });
  const built = plan.entries.map(({ path }) => path).filter((path) => path.startsWith("app/build"));
  expect(built).toEqual(["app/build", "app/build/Release", "app/build/Release/adder.node"]);
  expect(new Set(plan.leftOut.map(({ reason }) => reason))).toEqual(new Set(["build"]));
  expect(plan.notices).toEqual([]);
});
