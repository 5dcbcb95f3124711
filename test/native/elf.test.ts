import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readElf } from "../../src/native/elf.js";
import { compareVersions } from "../../src/support/compare-versions.js";
import { listTree } from "../../src/listing/listing.js";
import { findNatives } from "../../src/native/find-natives.js";
import { makeFolder, writeTree } from "../environment/tree.js";

const isLinux = process.platform === "linux";
const folder = makeFolder();
const library = join(folder, "addon.node");
const SYMBOLS = /^(node|napi)_/;

function hasCompiler(): boolean {
  try {
    execFileSync("gcc", ["--version"], { stdio: "ignore" });
    return isLinux;
  } catch {
    return false;
  }
}
const compiles = hasCompiler();

beforeAll(() => {
  if (!compiles) return;
  writeTree(folder, {
    "addon.c": `#include <stdio.h>
      extern void napi_module_register(void *);
      void node_register_module_v115(void) { napi_module_register(stdout); printf("x"); }`,
  });
  const flags = ["-shared", "-fPIC", "-Wl,-rpath,$ORIGIN/lib:/opt/x", "-Wl,--no-as-needed", "-lm"];
  execFileSync("gcc", [...flags, "-o", library, join(folder, "addon.c")]);
});

describe("a library made here", () => {
  test("tells machine, libraries, run paths, glibc and symbols, as readelf does", ({ skip }) => {
    if (!compiles) skip("gcc is not installed");
    const elf = readElf(library, SYMBOLS);
    expect(elf).toMatchObject({ class: 64, arch: process.arch, interpreter: null, runPaths: ["$ORIGIN/lib", "/opt/x"] });
    expect(elf?.symbols).toEqual(["node_register_module_v115"]);
    expect(elf?.imports).toEqual(["napi_module_register"]);
    const told = execFileSync("readelf", ["-dV", "-W", library], { encoding: "utf8" });
    expect(elf?.needed).toEqual([...told.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map((match) => match[1]));
    const versions = [...told.matchAll(/GLIBC_([\d.]+)/g)].map((match) => match[1] as string);
    expect(elf?.glibc).toBe(versions.sort(compareVersions).at(-1));
  });

  test("tells the version in the record that NODE_MODULE of node.h makes, and no other number", ({ skip }) => {
    if (!compiles) skip("gcc is not installed");
    const source = (version: number, more: string): string => `extern void node_module_register(void *);
      static void init(void) {}
      ${more}
      static struct { int version; unsigned flags; void *handle; const char *file; void *init; void *context; const char *name; void *priv; void *link; }
        module = { ${version}, 0, 0, "../src/old addon.cc", 0, init, "old", 0, 0 };
      __attribute__((constructor)) static void enrol(void) { node_module_register(&module); }`;
    const names = 'static const char *names[] = { "a.cc", "b.cc", "c.cc", "d", "e.cc", "f", "g" }; const char **all = names;';
    for (const version of [83, 115]) {
      writeTree(folder, { "old.c": source(version, version === 115 ? names : "") });
      execFileSync("gcc", ["-shared", "-fPIC", "-o", join(folder, "old.node"), join(folder, "old.c")]);
      const elf = readElf(join(folder, "old.node"), SYMBOLS);
      expect([elf?.imports, elf?.moduleVersion]).toEqual([["node_module_register"], String(version)]);
      expect(findNatives(listTree(folder), [{ path: "" }]).find(({ file }) => file === "old.node")?.abi).toBe(String(version));
    }
    expect(readElf(library, SYMBOLS)?.moduleVersion).toBeNull();
  });

  test("is refused without a crash wherever it is cut", ({ skip }) => {
    if (!compiles) skip("gcc is not installed");
    const bytes = readFileSync(library);
    const cut = join(folder, "cut");
    for (let length = 0; length < bytes.length; length += 97) {
      writeFileSync(cut, bytes.subarray(0, length));
      expect(() => readElf(cut, SYMBOLS)).not.toThrow();
    }
  });

  test("is read or refused, never a crash, whatever byte is wrong", ({ skip }) => {
    if (!compiles) skip("gcc is not installed");
    const bytes = readFileSync(library);
    const broken = join(folder, "broken");
    for (let at = 0; at < bytes.length; at += at < 1024 ? 1 : 61) {
      const copy = Buffer.from(bytes);
      copy[at] = 0xff;
      writeFileSync(broken, copy);
      expect(() => readElf(broken, SYMBOLS)).not.toThrow();
    }
  });
});

test("the node that runs here has a loader, needs libc and a glibc or none", ({ skip }) => {
  if (!isLinux) skip("not on Linux");
  const elf = readElf(process.execPath, null);
  expect(elf?.arch).toBe(process.arch);
  expect(elf?.interpreter).toMatch(/^\/lib/);
  expect(elf?.needed.join(" ")).toMatch(/libc\./);
  expect(elf?.symbols).toEqual([]);
});

test("the highest glibc of a program with many versions is told as readelf tells them", ({ skip }) => {
  if (!compiles) skip("gcc and readelf are not installed");
  const told = execFileSync("readelf", ["-V", "-W", process.execPath], { encoding: "utf8", maxBuffer: 1 << 28 });
  const versions = [...told.matchAll(/GLIBC_([\d.]+)/g)].map((match) => match[1] as string);
  if (versions.length === 0) skip("the node that runs here needs no glibc");
  // As numbers: as text 2.9 would come after 2.28.
  const [, minor] =
    [...new Set(versions)]
      .map((version) => version.split(".").map(Number))
      .sort((a, b) => (a[1] ?? 0) - (b[1] ?? 0))
      .at(-1) ?? [];
  expect(readElf(process.execPath, null)?.glibc).toMatch(new RegExp(`^2\\.${minor}(\\.|$)`));
});

test.each(["", "MZ", "\x7fELF", "#!/bin/sh\n", "x".repeat(5000)])("%j is no ELF file", (content) => {
  writeTree(folder, { other: content });
  expect(readElf(join(folder, "other"), null)).toBeNull();
});

test("versions are compared as numbers, part by part", () => {
  expect(["2.9", "2.28", "2.2.5", "2.17", "3"].sort(compareVersions)).toEqual(["2.2.5", "2.9", "2.17", "2.28", "3"]);
});
