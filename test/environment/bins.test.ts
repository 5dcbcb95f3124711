import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import type { Environment } from "../../src/environment/environment.js";
import { readProgramStart } from "../../src/environment/program-start.js";
import { readEnvironment } from "../../src/environment/read.js";
import { makeFolder, writeTree, type Content } from "./tree.js";

const scratch = makeFolder();
let at = 0;
let folder: string;

beforeEach(() => {
  folder = join(scratch, String(at++));
  mkdirSync(folder);
});

/** A project with the one dependency `dep`. */
async function readWith(json: object, tree: Record<string, Content> = {}): Promise<Environment> {
  writeTree(folder, { "package.json": { name: "p", dependencies: { dep: "1" } }, "node_modules/dep/package.json": json, ...tree });
  return readEnvironment(folder, { node: "none" });
}

describe("npm's forms of bin", () => {
  test("a text takes the package's name without its scope", async () => {
    const { bins } = await readWith({ name: "@s/dep", version: "1.0.0", bin: "./lib/../cli.js" }, { "node_modules/dep/cli.js": "" });
    expect(bins).toEqual([{ name: "dep", file: "node_modules/dep/cli.js", start: "node" }]);
  });

  test("directories.bin makes every file a command", async () => {
    const tree = { "node_modules/dep/cmd/one": "", "node_modules/dep/cmd/two": "", "node_modules/dep/cmd/sub/": "" };
    const { bins } = await readWith({ name: "dep", directories: { bin: "cmd" } }, tree);
    expect(bins.map(({ name }) => name)).toEqual(["one", "two"]);
  });

  test("a package that is not a direct dependency gives none", async () => {
    const other = { "node_modules/other/package.json": { name: "other", bin: "x.js" }, "node_modules/other/x.js": "" };
    expect((await readWith({ name: "dep" }, other)).bins).toEqual([]);
  });
});

describe("a command that cannot go into bin/ is left out with a notice", () => {
  test.each(["../up", "a/b", "a\nb", "\u001b[31m", "", "..", "-rf", "node", "envpack", "activate", "deactivate.fish"])(
    "named %j",
    async (name) => {
      const { bins, notices } = await readWith({ name: "dep", bin: { [name]: "x.js" } }, { "node_modules/dep/x.js": "" });
      expect([bins, notices.map(({ code }) => code)]).toEqual([[], ["BIN_SKIPPED"]]);
    },
  );

  test("whose file is missing", async () => {
    const { bins, notices } = await readWith({ name: "dep", bin: "gone.js" });
    expect([bins.length, notices[0]?.message]).toEqual([0, expect.stringContaining("gone.js")]);
  });

  test("whose file lies outside", async () => {
    writeTree(scratch, { "outside.js": "" });
    const { bins, notices } = await readWith({ name: "dep", bin: { x: "../../../outside.js" } });
    expect([bins.length, notices[0]?.message]).toEqual([0, expect.stringContaining("outside the environment")]);
  });
});

describe("how a program is started is seen by its first bytes", () => {
  test.each<[string, string | Uint8Array, object]>([
    ["no first line for an interpreter", "console.log(1)\n", { start: "node" }],
    ["an empty file", "", { start: "node" }],
    ["env node", "#!/usr/bin/env node\n", { start: "node" }],
    ["env node with Windows' line ends", "#!/usr/bin/env node\r\nx", { start: "node" }],
    ["a node by its path", "#!/usr/local/bin/node\n", { start: "node" }],
    [
      "env -S with options",
      "#!/usr/bin/env -S node --no-warnings --enable-source-maps\n",
      { start: "node", nodeOptions: ["--no-warnings", "--enable-source-maps"] },
    ],
    ["env with a variable", "#!/usr/bin/env -S NODE_ENV=x node\n", { start: "node" }],
    ["sh", "#!/bin/sh\nexec node x\n", { start: "direct" }],
    ["python through env", "#!/usr/bin/env python3\n", { start: "direct" }],
    ["bun", "#!/usr/bin/env bun\n", { start: "direct" }],
    ["ELF", Buffer.from("7f454c4602010100", "hex"), { start: "direct" }],
    ["Mach-O", Buffer.from("cffaedfe07000001", "hex"), { start: "direct" }],
    ["PE", Buffer.from("MZ\u0090\u0000"), { start: "direct" }],
  ])("%s", (_what, content, start) => {
    writeTree(folder, { program: content });
    expect(readProgramStart(join(folder, "program"))).toEqual(start);
  });

  test("a program that may not be read is an error with its path", ({ skip }) => {
    if (process.getuid?.() === 0) skip("root may read everything");
    writeTree(folder, { program: "x" });
    chmodSync(join(folder, "program"), 0);
    expect(() => readProgramStart(join(folder, "program"))).toThrow(expect.objectContaining({ code: "NO_PERMISSION" }));
  });
});
