import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Entry } from "../../src/archive/entry.js";
import { probeFileSystem, refuseFoldedPairs } from "../../src/restore/probe.js";
import { temporaryFolder } from "../portable/small-environment.js";

function entries(...paths: string[]): Entry[] {
  return paths.map((path) => ({ type: "directory", path }));
}

describe("7: a file system", () => {
  it("is tried without leaving anything", async ({ skip }) => {
    if (process.platform !== "linux") skip("other systems fold names as their disks were made");
    const folder = temporaryFolder();
    expect(await probeFileSystem(folder, folder)).toEqual({ case: false, form: false });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("that folds case is refused names that differ by it, in a folder's name too", () => {
    const fold = { case: true, form: false };
    expect(() => refuseFoldedPairs(entries("a/README", "a/readme"), fold)).toThrow(
      expect.objectContaining({ code: "NAME_COLLISION", message: expect.stringContaining("a/README and a/readme") }),
    );
    expect(() => refuseFoldedPairs(entries("Lib", "lib"), fold)).toThrow(expect.objectContaining({ code: "NAME_COLLISION" }));
    expect(() => refuseFoldedPairs(entries("a/x", "b/x", "e\u0301", "\u00e9"), fold)).not.toThrow();
  });

  it("that folds Unicode's forms is refused names that differ by them", () => {
    const fold = { case: false, form: true };
    expect(() => refuseFoldedPairs(entries("e\u0301", "\u00e9"), fold)).toThrow(expect.objectContaining({ code: "NAME_COLLISION" }));
    expect(() => refuseFoldedPairs(entries("a", "A"), fold)).not.toThrow();
  });

  it("that folds nothing takes them all", () => {
    expect(() => refuseFoldedPairs(entries("a", "A", "e\u0301", "\u00e9"), { case: false, form: false })).not.toThrow();
  });
});
