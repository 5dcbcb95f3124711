import { existsSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { linkOrCopy, makeOverlay } from "../../../src/verbs/run/overlay.js";
import { scratchFolder } from "../../scratch.js";

let scratch: string;

beforeEach(() => {
  scratch = scratchFolder("overlay");
  mkdirSync(join(scratch, "lib/deep"), { recursive: true });
  writeFileSync(join(scratch, "lib/package.json"), '\uFEFF{ "name": "@team/lib" }');
  writeFileSync(join(scratch, "lib/deep/x.js"), "module.exports = 1;\n");
  writeFileSync(join(scratch, "helpers.mjs"), "export const help = 1;\n");
  mkdirSync(join(scratch, "out"));
});

test("a folder is linked by its package's name, a file by its own with and without the ending", async () => {
  await makeOverlay([join(scratch, "lib"), join(scratch, "helpers.mjs")], join(scratch, "out"));
  const packages = join(scratch, "out/node_modules");
  expect(lstatSync(join(packages, "@team/lib")).isSymbolicLink()).toBe(true);
  for (const name of ["helpers", "helpers.mjs"]) {
    expect(JSON.parse(readFileSync(join(packages, name, "package.json"), "utf8"))).toEqual({ name, exports: { ".": "./helpers.mjs" } });
    expect(readFileSync(join(packages, name, "helpers.mjs"), "utf8")).toContain("help");
  }
});

test("where the disk has no links, what was added is copied, links inside as what they lead to", async () => {
  symlinkSync("deep", join(scratch, "lib/alias"));
  const refuse = (): Promise<void> =>
    Promise.reject(Object.assign(new Error("EPERM: operation not permitted, symlink"), { code: "EPERM", syscall: "symlink" }));
  await linkOrCopy(join(scratch, "lib"), join(scratch, "out/lib"), refuse);
  expect(lstatSync(join(scratch, "out/lib")).isDirectory()).toBe(true);
  expect(readFileSync(join(scratch, "out/lib/alias/x.js"), "utf8")).toBe("module.exports = 1;\n");
  expect(lstatSync(join(scratch, "out/lib/alias")).isSymbolicLink()).toBe(false);
});

test("any other failure to link is not covered up", async () => {
  const full = (): Promise<void> => Promise.reject(Object.assign(new Error("ENOSPC"), { code: "ENOSPC" }));
  await expect(linkOrCopy(join(scratch, "lib"), join(scratch, "out/lib"), full)).rejects.toThrow("ENOSPC");
  expect(existsSync(join(scratch, "out/lib"))).toBe(false);
});
