import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { META } from "../../src/archive/entry.js";
import { readOwnFile } from "../../src/archive/meta-file.js";
import { info } from "../../src/verbs/info.js";
import { relocate } from "../../src/verbs/relocate.js";
import { layOutIndexed } from "../restore/indexed-environment.js";
import { temporaryFolder } from "../portable/small-environment.js";
import { verify } from "../../src/verbs/verify.js";

/* As a plain tar leaves it when the archive was hostile. */
const KINDS: readonly (readonly [string, (path: string) => void])[] = [
  [
    "a named pipe",
    (path) => {
      execFileSync("mkfifo", [path]);
    },
  ],
  [
    "a link",
    (path) => {
      symlinkSync("/etc/passwd", path);
    },
  ],
  [
    "a folder",
    (path) => {
      mkdirSync(path);
    },
  ],
];

describe.each(KINDS)("%s in place of a record", (_, make) => {
  it.each([META.index, META.manifest, META.fixups, ".envpack/relocated.json"])("%s is refused without waiting", async (name) => {
    const folder = temporaryFolder();
    layOutIndexed(folder, { "app/a.js": "x" });
    rmSync(join(folder, name), { force: true });
    make(join(folder, name));
    await expect(readOwnFile(folder, name)).rejects.toMatchObject({ code: "NOT_AN_ENVIRONMENT" });
    const outcomes = await Promise.allSettled([verify({ path: folder }), info({ path: folder }), relocate({ folder })]);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ name: "EnvpackError" });
      else if ("ok" in outcome.value) expect(outcome.value.ok).toBe(false);
    }
  });
});

it("records behind a link in their folder's place are refused, and nothing is written there", async () => {
  const [other, folder] = [temporaryFolder(), temporaryFolder()];
  layOutIndexed(other, { "app/a.js": "x" });
  layOutIndexed(folder, { "app/a.js": "x" });
  rmSync(join(folder, META.folder), { recursive: true });
  symlinkSync(join(other, META.folder), join(folder, META.folder));
  const before = readdirSync(join(other, META.folder));
  for (const name of [META.index, ".envpack/relocated.json"])
    await expect(readOwnFile(folder, name)).rejects.toMatchObject({ code: "NOT_AN_ENVIRONMENT" });
  for (const run of [verify, info, relocate])
    await expect(run({ path: folder, folder })).rejects.toMatchObject({ code: "NOT_AN_ENVIRONMENT" });
  expect(readdirSync(join(other, META.folder))).toEqual(before);
});
