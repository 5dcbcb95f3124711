import { expect, test } from "vitest";
import { listTree } from "../../src/listing/listing.js";
import { findPrograms } from "../../src/native/find-programs.js";
import { makeFolder, writeTree } from "../environment/tree.js";
import { elfHeader, macHeader, windowsHeader } from "../field/binary-headers.js";

test("programs are found by their headers, whatever their names are, and what begins like one is none", () => {
  const root = writeTree(makeFolder(), {
    "node_modules/tool/linux/tool": elfHeader(183),
    "node_modules/tool/linux/tool-1.2.3": elfHeader(62),
    "node_modules/tool/win/tool.EXE": windowsHeader(0x8664),
    "node_modules/tool/mac/tool.app/Contents/MacOS/tool": macHeader(0x0100000c),
    "node_modules/tool/addon.node": elfHeader(62),
    "node_modules/tool/libtool.so.1": elfHeader(62),
    "node_modules/tool/build/Release/obj.target/part": elfHeader(62),
    "node_modules/tool/index.js": elfHeader(62),
    "node_modules/tool/MZ": "MZ is how this text begins\n",
    "node_modules/tool/Main": Buffer.from("cafebabe00000041", "hex"),
    "node_modules/tool/LICENSE": "MIT",
    "node_modules/tool/empty": "",
    own: elfHeader(62),
    link: { link: "own" },
  });
  expect(
    findPrograms(listTree(root), [{ path: "node_modules/tool" }]).map(({ file, os, arch, package: of }) => [file, os, arch, of]),
  ).toEqual([
    ["node_modules/tool/linux/tool", "linux", "arm64", "node_modules/tool"],
    ["node_modules/tool/linux/tool-1.2.3", "linux", "x64", "node_modules/tool"],
    ["node_modules/tool/mac/tool.app/Contents/MacOS/tool", "darwin", "arm64", "node_modules/tool"],
    ["node_modules/tool/win/tool.EXE", "win32", "x64", "node_modules/tool"],
    ["own", "linux", "x64", ""],
  ]);
});
