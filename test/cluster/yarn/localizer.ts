import { chmodSync, existsSync, lstatSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { execute, NOBODY } from "../../real/commands.js";
import type { Bench } from "./bench.js";

export function describeLocalizer(bench: Bench): void {
  const { cluster, desk, scratch } = bench;

  describe("YARN's localizer alone", () => {
    test.each([
      ["PUBLIC", "555", "755"],
      ["APPLICATION", "500", "700"],
    ])("makes a %s archive read-only and executable throughout, and it runs and verifies as it is", async (visibility, file, folder) => {
      const target = join(scratch, `localized-${visibility}`);
      chmodSync(scratch, 0o755);
      const localized = await cluster.java("Localize", [join(desk, "words.tar.gz"), target, visibility]);
      const root = localized.stdout.trim().split("\n").at(-1) ?? "";
      expect(existsSync(join(root, "bin/node")), localized.stderr).toBe(true);
      expect(modesIn(root)).toEqual(
        new Map([
          ["file", new Set([file])],
          ["folder", new Set([folder])],
        ]),
      );
      const script = join(scratch, "crc.mjs");
      writeFileSync(script, 'import { crc32 } from "@node-rs/crc32";\nconsole.log(crc32("123456789").toString(16));\n');
      // Another user reads what is public; the owner reads the rest.
      const mayBeOther = visibility === "PUBLIC" && process.getuid?.() === 0;
      chmodSync(target, 0o755);
      const options = { cwd: "/", env: { PATH: "/usr/bin:/bin", HOME: "/" }, timeout: 120_000, ...(mayBeOther ? NOBODY : {}) };
      expect(execute(join(root, "bin/envpack"), ["run", script], options)).toMatchObject({ stderr: "", stdout: "cbf43926\n" });
      expect(execute(join(root, "bin/envpack"), ["verify"], options)).toMatchObject({
        status: 0,
        stdout: expect.stringContaining("all as packed"),
      });
    });
  });
}

/** The modes of all files and of all folders, links apart. */
function modesIn(folder: string): Map<string, Set<string>> {
  const found = new Map([
    ["file", new Set<string>()],
    ["folder", new Set<string>()],
  ]);
  for (const name of ["", ...readdirSync(folder, { recursive: true, encoding: "utf8" })]) {
    const stats = lstatSync(join(folder, name));
    if (!stats.isSymbolicLink()) found.get(stats.isDirectory() ? "folder" : "file")?.add((stats.mode & 0o777).toString(8));
  }
  return found;
}
