import { describe, expect, it } from "vitest";
import { generalRoots, isGeneralRoot } from "../../src/scan/roots.js";

describe("a root is too general to be told from chance", () => {
  it.each([
    "/",
    "//",
    "/app",
    "/app/",
    "/root",
    "/usr/local",
    "/var/task",
    "/home/node",
    "/Users/runner",
    "/usr/src/app",
    "/home/runner/work",
    "relative/path",
  ])("%s", (path) => {
    expect(isGeneralRoot(path)).toBe(true);
  });
});

describe("a root is searched for", () => {
  it.each(["/opt/x", "/home/me/project", "/usr/src/app/web", "/usr/local/lib/tool", "/data/envs/e"])("%s", (path) => {
    expect(isGeneralRoot(path)).toBe(false);
  });

  it("and the others are told, for a notice", () => {
    const general = { path: "/app", arcpath: "app" };
    expect(generalRoots([general, { path: "/opt/x", arcpath: "app" }])).toEqual([general]);
  });
});
