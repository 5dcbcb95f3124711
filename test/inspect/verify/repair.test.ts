import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import "../../setup.js";
import { META } from "../../../src/archive/entry.js";
import { compareTree } from "../../../src/inspect/verify/compare.js";
import { repairTree } from "../../../src/inspect/verify/repair.js";
import { restoreArchive } from "../../../src/restore/restore.js";
import { file, folder } from "../../engine/trees.js";
import { temporaryFolder } from "../../portable/small-environment.js";
import { makeArchive } from "../../restore/archives.js";

/** A restored environment, and its archive. */
async function makeRestored(): Promise<{ target: string; archive: string; outside: string }> {
  const outside = temporaryFolder();
  const archive = await makeArchive(join(outside, "env.tar.gz"));
  const target = join(outside, "t");
  await restoreArchive({ kind: "file", path: archive }, target);
  return { target, archive, outside };
}

const DAMAGES: readonly (readonly [string, (target: string) => void])[] = [
  [
    "a changed file",
    (target) => {
      writeFileSync(join(target, "app/a.js"), "evil");
    },
  ],
  [
    "one flipped bit in a large file",
    (target) => {
      const bytes = readFileSync(join(target, "app/noise"));
      bytes[5_000_000]! ^= 1;
      writeFileSync(join(target, "app/noise"), bytes);
    },
  ],
  [
    "a missing file with a hard link",
    (target) => {
      rmSync(join(target, "app/a.js"));
    },
  ],
  [
    "a missing hard link",
    (target) => {
      rmSync(join(target, "app/twin"));
    },
  ],
  [
    "a hard link that became a file",
    (target) => {
      rmSync(join(target, "app/twin"));
      writeFileSync(join(target, "app/twin"), "content");
    },
  ],
  [
    "a changed relocated file",
    (target) => {
      writeFileSync(join(target, "bin/shim"), "#!/bin/sh\nevil\n");
    },
  ],
  [
    "a program that may not run",
    (target) => {
      chmodSync(join(target, "bin/shim"), 0o644);
    },
  ],
  [
    "a missing link",
    (target) => {
      rmSync(join(target, "bin/way"));
    },
  ],
  [
    "a link that leads elsewhere",
    (target) => {
      rmSync(join(target, "bin/way"));
      symlinkSync("/etc/passwd", join(target, "bin/way"));
    },
  ],
  [
    "a file in place of a link",
    (target) => {
      rmSync(join(target, "bin/way"));
      writeFileSync(join(target, "bin/way"), "");
    },
  ],
  [
    "an empty folder in place of a file",
    (target) => {
      rmSync(join(target, "app/a.js"));
      mkdirSync(join(target, "app/a.js"));
    },
  ],
  [
    "a missing folder",
    (target) => {
      rmSync(join(target, "app"), { recursive: true });
    },
  ],
  [
    "a damaged manifest",
    (target) => {
      writeFileSync(join(target, META.manifest), "{}");
    },
  ],
  [
    "a damaged index",
    (target) => {
      writeFileSync(join(target, META.index), "damaged");
    },
  ],
  [
    "a missing index",
    (target) => {
      rmSync(join(target, META.index));
    },
  ],
  [
    "damaged fix-up records",
    (target) => {
      writeFileSync(join(target, META.fixups), "damaged");
    },
  ],
  [
    "a damaged record of relocations",
    (target) => {
      writeFileSync(join(target, ".envpack/relocated.json"), "damaged");
    },
  ],
];

describe("a repair", () => {
  it.each(DAMAGES)("mends %s", async (_, damage) => {
    const { target, archive } = await makeRestored();
    const shim = readFileSync(join(target, "bin/shim"), "utf8");
    damage(target);
    const repair = await repairTree(target, archive);
    expect(repair.differences).toEqual([]);
    expect(repair.repaired.length).toBeGreaterThan(0);
    expect((await compareTree(target)).differences).toEqual([]);
    expect(readFileSync(join(target, "bin/shim"), "utf8")).toBe(shim);
    expect(statSync(join(target, "app/twin")).ino).toBe(statSync(join(target, "app/a.js")).ino);
    expect(readdirSync(join(target, ".envpack")).sort()).toEqual(["fixups.jsonl", "index.jsonl", "manifest.json", "relocated.json"]);
    expect(await repairTree(target, archive)).toMatchObject({ repaired: [], differences: [] });
  });

  it("never writes through a link that stands in place of a folder", async () => {
    const { target, archive, outside } = await makeRestored();
    renameSync(join(target, "app"), join(outside, "elsewhere"));
    writeFileSync(join(outside, "elsewhere/a.js"), "untouched");
    symlinkSync("../elsewhere", join(target, "app"));
    expect((await repairTree(target, archive)).differences).toEqual([]);
    expect(lstatSync(join(target, "app")).isDirectory()).toBe(true);
    expect(readFileSync(join(outside, "elsewhere/a.js"), "utf8")).toBe("untouched");
  });

  it("removes nothing that was added, not even where something belongs", async () => {
    const { target, archive } = await makeRestored();
    writeFileSync(join(target, "app/mine"), "kept");
    rmSync(join(target, "bin/way"));
    mkdirSync(join(target, "bin/way"));
    writeFileSync(join(target, "bin/way/mine"), "kept");
    const { differences } = await repairTree(target, archive);
    expect(differences.map(({ kind, path }) => `${kind} ${path}`)).toEqual(["added app/mine", "changed bin/way", "added bin/way/mine"]);
    expect(readFileSync(join(target, "bin/way/mine"), "utf8")).toBe("kept");
  });

  it("after a move writes no other place than the one that was there", async () => {
    const { target, archive, outside } = await makeRestored();
    writeFileSync(join(target, "bin/shim"), "evil");
    renameSync(target, join(outside, "moved"));
    expect((await repairTree(join(outside, "moved"), archive)).differences).toEqual([]);
    expect(readFileSync(join(outside, "moved/bin/shim"), "utf8")).toContain(`"${target}/x"`);
  });

  it("is refused from another archive, and of what is no environment; nothing changes", async () => {
    const { target, outside } = await makeRestored();
    writeFileSync(join(target, "app/a.js"), "changed");
    const other = await makeArchive(join(outside, "other.tar.gz"), {
      entries: [folder("app"), file("app/a.js", "another")],
      manifest: { name: "another" },
    });
    await expect(repairTree(target, other)).rejects.toMatchObject({ code: "NOT_AN_ENVIRONMENT" });
    mkdirSync(join(outside, "empty"));
    await expect(repairTree(join(outside, "empty"), other)).rejects.toMatchObject({ code: "NOT_AN_ENVIRONMENT" });
    expect(readFileSync(join(target, "app/a.js"), "utf8")).toBe("changed");
    expect(existsSync(join(outside, "empty/.envpack"))).toBe(false);
  });

  it("clears what one left that was killed", async () => {
    const { target, archive } = await makeRestored();
    mkdirSync(join(target, ".envpack/repairing-123/files/app"), { recursive: true });
    expect((await compareTree(target)).differences.map(({ path }) => path)).toContain(".envpack/repairing-123");
    expect(await repairTree(target, archive)).toMatchObject({ differences: [], repaired: [] });
    expect(existsSync(join(target, ".envpack/repairing-123"))).toBe(false);
  });
});
