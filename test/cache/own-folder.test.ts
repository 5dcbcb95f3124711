import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findWeakness } from "../../src/cache/own-folder.js";
import { scratchFolder } from "../scratch.js";

describe("who else could write into a folder", () => {
  const scratch = scratchFolder("own-folder");
  const [open, inner] = [join(scratch, "open"), join(scratch, "open/inner")];
  mkdirSync(inner, { recursive: true, mode: 0o700 });
  mkdirSync(join(scratch, "own/inner"), { recursive: true, mode: 0o700 });
  chmodSync(open, 0o777);
  for (const [name, target] of [
    ["link", "open"],
    ["roundabout", "own/../open"],
    ["absolute", open],
    ["chain", "roundabout"],
  ] as const)
    symlinkSync(target, join(scratch, name));

  test.each(["open", "link", "roundabout", "absolute", "chain"])(
    "is found through %s: the open folder that a path leads through",
    (name) => {
      expect(findWeakness(join(scratch, name, "inner"))).toMatchObject({ path: open });
    },
  );

  test("is nobody where all belongs to this user, a link as well, or is not there yet", () => {
    symlinkSync("own", join(scratch, "good"));
    for (const name of ["own/inner", "good/inner", "good/inner/new/folder"]) expect(findWeakness(join(scratch, name))).toBe(null);
  });
});
