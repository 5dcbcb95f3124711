import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { applyFixups } from "../../../src/relocate/apply.js";
import { compareTree } from "../../../src/inspect/verify/compare.js";
import { OLD_ROOT, temporaryFolder } from "../../portable/small-environment.js";
import { layOutIndexed } from "../../restore/indexed-environment.js";

const FILES = {
  "app/a.js": "content",
  "app/big.bin": Buffer.alloc(9 << 20, 7),
  "app/empty": "",
  "app/shim": `cd ${OLD_ROOT}/project`,
  "bin/b": "#!/bin/sh\n",
  "bin/c": { hardlink: "bin/b" },
  "bin/d": { link: "../app/a.js" },
  "bin/e": { link: "nowhere" },
};

async function differences(folder: string): Promise<string[]> {
  const compared = await compareTree(folder, { threads: 2 });
  return compared.differences.map(({ path, kind, detail }) => `${kind} ${path}: ${detail}`);
}

function makeEnvironment(): string {
  const folder = temporaryFolder();
  layOutIndexed(folder, FILES);
  return folder;
}

describe("a restored environment", () => {
  it("has no differences, and says how much was looked at", async () => {
    const folder = makeEnvironment();
    const seen: number[] = [];
    const compared = await compareTree(folder, { onProgress: ({ done }) => seen.push(done) });
    expect(compared.differences).toEqual([]);
    expect(compared.entries).toBe(12);
    expect(compared.bytes).toBeGreaterThan(9 << 20);
    expect(seen.at(-1)).toBe(compared.bytes);
  });

  it("has none after any number of relocations", async () => {
    const folder = makeEnvironment();
    await applyFixups(folder);
    expect(await differences(folder)).toEqual([]);
    await applyFixups(folder, { root: "/elsewhere" });
    expect(readFileSync(join(folder, "app/shim"), "latin1")).toBe("cd /elsewhere/app");
    expect(await differences(folder)).toEqual([]);
  });

  it("has none where an engine made all files executable and read-only", async () => {
    const folder = makeEnvironment();
    execFileSync("sh", ["-c", 'find "$0" -type f -exec chmod 0500 {} + ; find "$0" -type d -exec chmod 0700 {} +', folder]);
    expect(await differences(folder)).toEqual([]);
  });

  it("shows every kind of change, sorted by path", async () => {
    const folder = makeEnvironment();
    const at = (path: string): string => join(folder, path);
    writeFileSync(at("app/a.js"), "CONTENT");
    truncateSync(at("app/big.bin"), 9 << 19);
    rmSync(at("app/empty"));
    mkdirSync(at("app/empty"));
    mkdirSync(at("app/new/deep"), { recursive: true });
    writeFileSync(at("app/new/deep/file"), "");
    symlinkSync("/etc", at("app/way"));
    rmSync(at("bin/c"));
    copyFileSync(at("bin/b"), at("bin/c"));
    chmodSync(at("bin/b"), 0o644);
    rmSync(at("bin/d"));
    symlinkSync("../app/shim", at("bin/d"));
    rmSync(at("bin/e"));
    expect(await differences(folder)).toEqual([
      "changed app/a.js: its content was changed",
      `changed app/big.bin: has ${9 << 19} bytes, not ${9 << 20}`,
      "changed app/empty: is a folder, not a file",
      "added app/new: the folder is not in the archive",
      "added app/new/deep: the folder is not in the archive",
      "added app/new/deep/file: the file is not in the archive",
      "added app/way: the link is not in the archive",
      "changed bin/b: is no longer executable",
      "changed bin/c: is no hard link to bin/b",
      "changed bin/d: leads to ../app/shim, not to ../app/a.js",
      "missing bin/e: the link is missing",
    ]);
  });

  it("shows one flipped bit in a large file, in a relocated file and in envpack's own records", async () => {
    for (const path of ["app/big.bin", "app/shim", ".envpack/fixups.jsonl"]) {
      const folder = makeEnvironment();
      await applyFixups(folder, { root: "/elsewhere" });
      const bytes = readFileSync(join(folder, path));
      bytes[bytes.length - 2]! ^= 1;
      writeFileSync(join(folder, path), bytes);
      expect((await differences(folder)).join()).toContain(`changed ${path}: its content was changed`);
    }
  });

  it("shows a folder that became a link to its own copy", async () => {
    const folder = makeEnvironment();
    execFileSync("mv", [join(folder, "bin"), join(folder, "bin2")]);
    symlinkSync("bin2", join(folder, "bin"));
    const found = await differences(folder);
    expect(found[0]).toBe("changed bin: is a link, not a folder");
    expect(found).toContain("added bin2/b: the file is not in the archive");
  });

  it("is not changed by being looked at", async () => {
    const folder = makeEnvironment();
    const before = statSync(join(folder, ".envpack")).mtimeMs;
    await compareTree(folder);
    expect(statSync(join(folder, ".envpack")).mtimeMs).toBe(before);
    expect(readdirSync(join(folder, ".envpack")).sort()).toEqual(["fixups.jsonl", "index.jsonl"]);
  });

  it("ends at its signal", async () => {
    const folder = makeEnvironment();
    await expect(compareTree(folder, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "INTERRUPTED" });
  });
});

describe("another folder", () => {
  it("is not an environment", async () => {
    await expect(compareTree(temporaryFolder())).rejects.toMatchObject({ code: "NOT_AN_ENVIRONMENT" });
  });

  it("with a damaged index is refused", async () => {
    const folder = makeEnvironment();
    truncateSync(join(folder, ".envpack/index.jsonl"), 100);
    await expect(compareTree(folder)).rejects.toMatchObject({ code: "ARCHIVE_CORRUPT" });
  });
});
