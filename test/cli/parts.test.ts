import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { scratchFolder } from "../scratch.js";

/* A command is parsed anew at each start: what it does not need must lie in other files (src/bundle-command.mjs). */

const ROOT = dirname(dirname(import.meta.dirname));
const PARTS = join(ROOT, "dist/cli");
let scratch: string;

beforeAll(() => {
  scratch = scratchFolder("parts");
  const project = join(scratch, "shop");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), JSON.stringify({ name: "shop", version: "1.0.0" }));
  install("packs", ["main.js", "packing.js", "reading.js"]);
  install("reads", ["main.js", "reading.js"]);
  install("helps", ["main.js"]);
});

/** An envpack whose command line has these files only. */
function install(name: string, parts: readonly string[]): void {
  const folder = join(scratch, name);
  mkdirSync(folder);
  for (const part of ["bin", "dist", "package.json"]) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  for (const part of readdirSync(PARTS)) if (!parts.includes(part)) rmSync(join(folder, "dist/cli", part));
}

function envpack(installed: string, ...words: string[]): void {
  const { status, stderr } = spawnSync(process.execPath, [join(scratch, installed, "bin/envpack.js"), ...words], {
    cwd: scratch,
    encoding: "utf8",
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH ?? ""}`, XDG_CACHE_HOME: join(scratch, "cache") },
  });
  expect(status, `${words.join(" ")}: ${stderr}`).toBe(0);
}

test("there are four, and those that are loaded again and again are small", () => {
  expect(readdirSync(PARTS).sort()).toEqual(["main.js", "others.js", "packing.js", "reading.js"]);
  const kilobytes = (part: string): number => statSync(join(PARTS, part)).size / 1000;
  expect(kilobytes("main.js")).toBeLessThan(280);
  expect(kilobytes("reading.js")).toBeLessThan(650);
});

test.each([["help"], ["pack", "--help"]])("main.js is all that %s needs", (...words) => {
  envpack("helps", ...words);
});

test("archives are told of, checked and run without what only packing needs", () => {
  envpack("packs", "pack", "shop", "--node", "none", "-o", "shop.tar.gz");
  for (const verb of ["info", "list", "verify", "doctor"]) envpack("reads", verb, "shop.tar.gz");
  envpack("reads", "run", "shop.tar.gz", "--", "node", "--version");
});

// What reads an archive of each format is loaded when it is met.
test.each(["tar.zst", "zip"])("a %s is unpacked without it", (format) => {
  envpack("packs", "pack", "shop", "--node", "none", "-o", `shop.${format}`);
  envpack("reads", "unpack", `shop.${format}`, format);
  envpack("reads", "relocate", format);
});
