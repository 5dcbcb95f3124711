import { spawnSync } from "node:child_process";
import { cpSync, openSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { VERSION } from "../../src/support/version.js";
import { scratchFolder } from "../scratch.js";

const root = dirname(dirname(import.meta.dirname));
/** The program without dist/. */
let bare: string;

beforeAll(() => {
  bare = scratchFolder("version");
  for (const name of ["bin", "package.json"]) cpSync(join(root, name), join(bare, name), { recursive: true });
});

test.each(["-v", "--version"])("%s is answered without loading anything else", (word) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(bare, "bin/envpack.js"), word], { encoding: "utf8" });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: `${VERSION}\n`, stderr: "" });
});

test("a version that cannot be written is no fault of envpack's", () => {
  const { status, stderr } = spawnSync(process.execPath, [join(bare, "bin/envpack.js"), "--version"], {
    encoding: "utf8",
    stdio: ["ignore", openSync("/dev/full", "w"), "pipe"],
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});
