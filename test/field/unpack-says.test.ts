import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import "../setup.js";
import type { PlannedEntry } from "../../src/archive/entry.js";
import { runMain } from "../cli/in-process.js";
import { envpack, makeScratch } from "../real/commands.js";
import { file, folder } from "../engine/trees.js";
import { OLD_ROOT } from "../portable/small-environment.js";
import { makeArchive } from "../restore/archives.js";

/* What unpack and relocate say of what they did, and what they end with. */
const scratch = makeScratch();
const archive = join(scratch, "env.tar");
/** A binary that names its own place and has no room for a longer one: ELF's magic makes it one. */
const library = Buffer.concat([
  Buffer.from("7f454c46", "hex"),
  Buffer.alloc(60),
  Buffer.from(`${OLD_ROOT}/lib\0next\0`),
  Buffer.alloc(64, 1),
]);
const ENTRIES: readonly PlannedEntry[] = [
  folder("app"),
  file("app/a.js", "content"),
  file("app/b.js", "more content"),
  folder("bin"),
  file("bin/library", library),
];

beforeAll(async () => {
  await makeArchive(archive, { entries: ENTRIES, format: "tar" });
});

describe("N3: unpack --only", () => {
  test("N3: that matches nothing says so, makes nothing, and its hint shows the paths", async () => {
    const { status, stderr } = await runMain("unpack", archive, join(scratch, "none"), "--only", "nosuch*", "--only", "gone");
    expect(stderr).toMatch(/^envpack: error\[USAGE\] --only matches nothing in the archive\nhint: `envpack list ARCHIVE`/);
    expect(status).toBe(2);
    expect(readdirSync(scratch)).toEqual(["env.tar"]);
    expect((await runMain("list", archive)).stdout).toContain("app/a.js");
  });

  test("N3: tells the sizes of what was restored, and which pattern matched nothing", async () => {
    const { status, stderr } = await runMain("unpack", archive, join(scratch, "some"), "--only", "app/a.js", "--only", "nosuch*");
    expect(stderr).toMatch(/\n {2}1 entry, 7 B,/);
    expect(stderr).toMatch(/\n {2}nothing matched nosuch\*\n/);
    expect(status).toBe(0);
    const { stdout } = await runMain("unpack", archive, join(scratch, "json"), "--only", "app/*", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ entries: 2, bytes: 19, unmatched: [] });
  });
});

describe("P9: what could not be done", () => {
  const long = join(scratch, "a-path-that-is-much-longer-than-the-old-one", "env");

  test("P9: unpack keeps the tree, names the places, and ends with status 3", async () => {
    const { status, stderr } = await runMain("unpack", archive, long);
    expect(stderr).toMatch(/1 place still names the old folder:\n {4}bin\/library has no room for the new path/);
    expect(status).toBe(3);
    expect(readFileSync(join(long, "app/a.js"), "utf8")).toBe("content");
    const quiet = await runMain("unpack", "-q", archive, long, "--force");
    expect(quiet.stderr).toMatch(/^1 place still names the old folder/);
    expect(quiet.status).toBe(3);
    expect((await runMain("verify", long)).status).toBe(0);
  });

  test("P9: relocate does so too, each time, and ends with 0 where the path is short enough", async () => {
    for (const args of [[], ["--json"], ["-q"]]) expect((await runMain("relocate", long, ...args)).status, args.join()).toBe(3);
    mkdirSync(join(scratch, "elsewhere"));
    renameSync(long, join(scratch, "elsewhere/env"));
    expect(await runMain("relocate", join(scratch, "elsewhere/env"), "--root", "/opt/e")).toMatchObject({
      status: 0,
      stderr: expect.stringContaining("rewrote 1 place"),
    });
  });
});

test("N1: the command leaves what is no environment alone, in one line with a hint", async () => {
  mkdirSync(join(scratch, "p"));
  writeFileSync(join(scratch, "p/thesis.txt"), "years");
  const { status, stderr } = await runMain("unpack", archive, join(scratch, "p"), "-f");
  expect(stderr).toMatch(
    /^envpack: error\[TARGET_EXISTS\] the target is no environment that envpack could replace: it holds thesis\.txt: [^\n]+\nhint: [^\n]+\n$/,
  );
  expect(status).toBe(1);
  expect(readFileSync(join(scratch, "p/thesis.txt"), "utf8")).toBe("years");
  const here = envpack(["unpack", archive, ".", "-f"], { cwd: join(scratch, "p") });
  expect(here).toMatchObject({ status: 1, stderr: expect.stringContaining("the current folder") });
});
