import { mkdirSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import type { PlannedEntry } from "../../src/archive/entry.js";
import type { Environment } from "../../src/environment/environment.js";
import { applyRules } from "../../src/portable/relocate-plan.js";
import { temporaryFolder } from "./small-environment.js";

/** As much of an environment as decides about links. */
function environment(root: string, namedRoot: string): Environment {
  return { kind: "project", root, namedRoot, runtime: null } as Environment;
}

/** Makes a real link in a project with `lib/a.js`, a sister folder and a link `way -> lib/deep`, and relocates it. */
function relocateLink(path: string, target: (root: string) => string, made = true): { target: string; relative: number } {
  const folder = temporaryFolder();
  const root = join(folder, "project");
  mkdirSync(join(root, "lib/deep"), { recursive: true });
  mkdirSync(join(root, "node_modules/.bin"), { recursive: true });
  mkdirSync(join(folder, "sister"));
  writeFileSync(join(root, "lib/a.js"), "");
  symlinkSync("lib/deep", join(root, "way"));
  symlinkSync("project", join(folder, "alias"));
  if (made) symlinkSync(target(root), join(root, path));
  const entry: PlannedEntry = {
    type: "symlink",
    path: made ? `app/${path}` : path,
    target: made ? readlinkSync(join(root, path)) : target(root),
  };
  const { entries, summary } = applyRules(
    { entries: [entry], leftOut: [], notices: [], includedSecrets: [] },
    environment(root, join(folder, "alias")),
  );
  const [out] = entries;
  if (out?.type !== "symlink") throw new Error("no link came out");
  return { target: out.target, relative: summary.relative };
}

describe("a link into the environment", () => {
  it("stays as it is where it is relative and works from anywhere, dangling or not", () => {
    for (const target of ["../../lib/a.js", "../../lib/gone.js", "../x", "../../way/b", "../.."]) {
      expect(relocateLink("node_modules/.bin/a", () => target)).toEqual({ target, relative: 0 });
    }
  });

  it("becomes relative where it is absolute, by the root's real path or by another name of it", () => {
    const expected = { target: "../../lib/a.js", relative: 1 };
    expect(relocateLink("node_modules/.bin/a", (root) => `${root}/lib/a.js`)).toEqual(expected);
    expect(relocateLink("node_modules/.bin/a", (root) => `${dirname(root)}/alias/lib/a.js`)).toEqual(expected);
    expect(relocateLink("node_modules/.bin/a", (root) => `${dirname(root)}/sister/../project//lib/./a.js`)).toEqual(expected);
    expect(relocateLink("node_modules/a", (root) => root)).toEqual({ target: "..", relative: 1 });
    expect(relocateLink("node_modules/a", (root) => `${root}/lib/gone/deeper`)).toEqual({ target: "../lib/gone/deeper", relative: 1 });
  });

  it("becomes direct where it climbs out of the root and comes back by the root's name", () => {
    expect(relocateLink("a", () => "../project/lib/a.js")).toEqual({ target: "lib/a.js", relative: 1 });
    expect(relocateLink("node_modules/a", () => "../../project/lib")).toEqual({ target: "../lib", relative: 1 });
  });

  it("leads where the kernel says, not where its text says", () => {
    expect(relocateLink("a", () => "way/../a.js")).toEqual({ target: "lib/a.js", relative: 1 });
  });

  it("still leads to a link where it led to one", () => {
    expect(relocateLink("a", (root) => `${root}/way`)).toEqual({ target: "way", relative: 1 });
  });

  it("is left to its maker where it does not come from the disk", () => {
    expect(relocateLink("bin/npm", () => "../lib/node_modules/npm/bin/npm-cli.js", false)).toEqual({
      target: "../lib/node_modules/npm/bin/npm-cli.js",
      relative: 0,
    });
  });
});

describe("a link out of the environment is refused by name", () => {
  it.each([
    ["absolute", (root: string) => `${dirname(root)}/sister`],
    ["relative", () => "../sister"],
    ["with a root's name that goes on", (root: string) => `${root}2/a`],
    ["textually inside, really outside", () => "way/../../../sister"],
    ["dangling", () => "/nowhere/at/all"],
    ["to the file system's root", () => "/"],
    ["to the folder above", () => ".."],
  ])("%s", (_, target) => {
    expect(() => relocateLink("a", target)).toThrow(
      expect.objectContaining({ code: "LINK_ESCAPES", message: expect.stringMatching(/: app\/a -> /), hint: expect.any(String) }),
    );
  });
});
