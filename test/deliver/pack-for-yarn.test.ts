import { createHash, generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digestName, isDigestName } from "../../src/archive/digest-name.js";
import { runMain } from "../cli/in-process.js";
import { makeScratch } from "../real/commands.js";

const scratch = makeScratch();
const project = join(scratch, "word count");
const DIGEST = "0123456789abcdef".repeat(4);

const home = process.cwd();

beforeAll(() => {
  mkdirSync(join(project, "node_modules/words"), { recursive: true });
  writeFileSync(join(project, "package.json"), '{ "name": "@acme/words", "version": "1.0.0", "dependencies": { "words": "1.0.0" } }');
  writeFileSync(join(project, "node_modules/words/package.json"), '{ "name": "words", "version": "1.0.0" }');
  writeFileSync(join(project, "node_modules/words/index.js"), "module.exports = 1;\n");
  process.chdir(project);
});
afterAll(() => {
  process.chdir(home);
});

/** Packs without a runtime, which is quick; returns the lines on stderr. */
async function pack(args: readonly string[]): Promise<{ status: number; lines: string[] }> {
  const { status, stderr } = await runMain("pack", "--node", "none", "--for", "yarn", ...args);
  return { status, lines: stderr.trimEnd().split("\n") };
}

describe("names by content", () => {
  test.each([
    ["@acme/shop", "acme-shop-0123456789abcdef.tar.gz"],
    ["shop-1.4.0-linux-x64", "shop-1.4.0-linux-x64-0123456789abcdef.tar.gz"],
    ["shop-0123456789abcdef", "shop-0123456789abcdef.tar.gz"],
    ["a b#c,d%e", "a-b-c-d-e-0123456789abcdef.tar.gz"],
    ["größe", "gr-e-0123456789abcdef.tar.gz"],
    [".hidden_", "hidden-0123456789abcdef.tar.gz"],
    ["日本", "env-0123456789abcdef.tar.gz"],
  ])("%s", (name, expected) => {
    expect(digestName(name, DIGEST)).toBe(expected);
  });

  test("are known again, and others are not taken for them", () => {
    expect(isDigestName(digestName("shop", DIGEST), "shop")).toBe(true);
    for (const other of ["shop-0123456789abcde.tar.gz", "shop-front-0123456789abcdef.tar.gz", "shop-0123456789ABCDEF.tar.gz"]) {
      expect(isDigestName(other, "shop")).toBe(false);
    }
  });
});

describe("pack --for yarn", () => {
  test("names the archive by its digest, and makes the same one again where it lies already", async () => {
    expect(await pack(["-q"])).toEqual({ status: 0, lines: [""] });
    const [name = "", ...others] = readdirSync(project).filter((file) => file.endsWith(".gz"));
    expect(others).toEqual([]);
    expect(name).toMatch(/^acme-words-[0-9a-f]{16}\.tar\.gz$/);
    const sha256 = createHash("sha256")
      .update(readFileSync(join(project, name)))
      .digest("hex");
    expect(name).toContain(sha256.slice(0, 16));
    expect(await pack(["-q"])).toEqual({ status: 0, lines: [""] });
    expect(readdirSync(project).filter((file) => file.endsWith(".gz"))).toEqual([name]);
    rmSync(join(project, name));
  });

  test("takes a folder, which it makes, or a name of the right ending", async () => {
    expect((await pack(["-q", "-o", "../a/b/"])).status).toBe(0);
    expect(readdirSync(join(scratch, "a/b"))).toEqual([expect.stringMatching(/^acme-words-[0-9a-f]{16}\.tar\.gz$/)]);
    expect((await pack(["-q", "-o", join(scratch, "words.TGZ")])).status).toBe(0);
    expect(existsSync(join(scratch, "words.TGZ"))).toBe(true);
  });

  test.each([
    ["zstd by its name", ["-o", "../x.tar.zst"], /ARCHIVE_UNFIT.* is a tar.zst, and YARN does not extract one: \.\.\/x\.tar\.zst$/],
    ["zstd by its format", ["--format", "tar.zst"], /ARCHIVE_UNFIT.* is a tar.zst/],
    ["a plain tar", ["-o", "../x.tar"], /ARCHIVE_UNFIT.* is a tar, and Spark loses modes/],
    [
      "another ending",
      ["--format", "tar.gz", "-o", "../x.zip"],
      /USAGE.* the output's name says zip, and the format is to be tar\.gz: \.\.\/x\.zip$/,
    ],
    ["no ending", ["-o", "../x"], /USAGE.* has none of the known endings/],
  ])("refuses %s in a line and a hint, and writes nothing", async (_what, args, message) => {
    const before = readdirSync(scratch);
    const { status, lines } = await pack(args);
    expect(status).toBeGreaterThan(0);
    expect(lines).toEqual([expect.stringMatching(message), expect.stringMatching(/^hint: /)]);
    expect(readdirSync(scratch)).toEqual(before);
  });

  test("names files that go on naming the old place, which nothing rewrites there", async () => {
    const file = join(project, "node_modules/words/place.json");
    writeFileSync(file, JSON.stringify({ root: join(project, "node_modules") }));
    const { status, lines } = await pack(["-o", join(scratch, "fixups.tar.gz")]);
    rmSync(file);
    expect(status).toBe(0);
    expect(lines.join("\n")).toMatch(/names the old place, which nothing rewrites on YARN.*place\.json/);
    expect(lines.join("\n")).not.toContain("envpack unpack");
    expect(lines.at(-1)).toMatch(/^next: envpack deliver yarn .* --to hdfs:/);
  });

  test("signs beside an archive that its content names", async () => {
    const key = join(scratch, "key.pem");
    writeFileSync(key, pem());
    expect(await pack(["-q", "-o", join(scratch, "signed/"), "--detach-sign", key])).toEqual({ status: 0, lines: [""] });
    const files = readdirSync(join(scratch, "signed")).sort();
    expect(files).toEqual([files[0], `${files[0]}.sig`]);
  });
});

function pem(): string {
  const { privateKey } = generateKeyPairSync("ed25519");
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}
