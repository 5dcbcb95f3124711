import { mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { readEnvironment } from "../../src/environment/read.js";
import { planArchive } from "../../src/plan/plan-archive.js";
import { relocatePlan } from "../../src/portable/relocate-plan.js";
import { makeFolder, writeTree } from "./tree.js";

const scratch = realpathSync(makeFolder());
let at = 0;
let folder: string;

beforeEach(() => {
  folder = join(scratch, String(at++));
  mkdirSync(folder);
});

/** Arcpaths of what goes in but the envelope's own, links with their targets. */
async function pack(path: string, omitDev = false): Promise<string[]> {
  const environment = await readEnvironment(join(folder, path), { node: "none" });
  const plan = await planArchive(environment, { rules: [], omitDev, includeSecrets: [], output: null });
  const { entries } = await relocatePlan(plan, environment);
  return entries
    .filter(({ type }) => type !== "directory")
    .map((entry) => (entry.type === "symlink" ? `${entry.path} -> ${entry.target}` : entry.path));
}

const json = (name: string, fields: object = {}): object => ({ name, version: "1.0.0", ...fields });

describe("a link out of the root", () => {
  test("brings in the package, what it resolves above itself, and nothing beside", async () => {
    writeTree(folder, {
      "app/package.json": json("app", { dependencies: { lib: "1" } }),
      "app/node_modules/": "",
      "mono/lib/package.json": json("lib", { dependencies: { near: "1", far: "1" }, devDependencies: { tool: "1" } }),
      "mono/lib/index.js": "",
      "mono/lib/.env": "SECRET=1",
      "mono/lib/node_modules/near/package.json": json("near"),
      "mono/lib/node_modules/tool/package.json": json("tool"),
      "mono/node_modules/far/package.json": json("far"),
      "mono/node_modules/unrelated/package.json": json("unrelated"),
      "mono/other/package.json": json("other"),
      "mono/notes.txt": "",
    });
    symlinkSync("../../mono/lib", join(folder, "app/node_modules/lib"));
    expect(await pack("app")).toEqual([
      "app/node_modules/lib -> ../../links/lib/lib",
      "app/package.json",
      "links/lib/lib/index.js",
      "links/lib/lib/node_modules/near/package.json",
      "links/lib/lib/package.json",
      "links/lib/node_modules/far/package.json",
    ]);
  });

  test("to a package that needs the environment's own, and back into it, stays a link", async () => {
    writeTree(folder, {
      "app/package.json": json("app", { dependencies: { lib: "1" } }),
      "app/node_modules/shared/package.json": json("shared"),
      "lib/package.json": json("lib", { dependencies: { shared: "1" } }),
      "lib/node_modules/": "",
    });
    symlinkSync("../../lib", join(folder, "app/node_modules/lib"));
    symlinkSync("../../app/node_modules/shared", join(folder, "lib/node_modules/shared"));
    expect(await pack("app")).toContain("links/lib/node_modules/shared -> ../../../app/node_modules/shared");
  });

  test("that only development needs is left out with --omit dev", async () => {
    writeTree(folder, {
      "app/package.json": json("app", { devDependencies: { lib: "1" } }),
      "app/node_modules/": "",
      "lib/package.json": json("lib"),
    });
    symlinkSync("../../lib", join(folder, "app/node_modules/lib"));
    expect(await pack("app", true)).toEqual(["app/package.json"]);
  });

  test("to something that is no package is refused by name", async () => {
    writeTree(folder, { "app/package.json": json("app"), "app/node_modules/": "", "data/secret.txt": "" });
    symlinkSync("../data", join(folder, "app/data"));
    await expect(pack("app")).rejects.toMatchObject({ code: "LINK_ESCAPES", message: expect.stringContaining("app/data") });
  });

  test("to nowhere is refused by name", async () => {
    writeTree(folder, { "app/package.json": json("app"), "app/node_modules/": "" });
    symlinkSync("../../gone", join(folder, "app/node_modules/gone"));
    await expect(pack("app")).rejects.toMatchObject({ code: "LINK_ESCAPES" });
  });

  test("two packages of one name from different places get folders of their own", async () => {
    writeTree(folder, {
      "app/package.json": json("app", { dependencies: { a: "1", b: "1" } }),
      "app/node_modules/": "",
      "x/package.json": json("same"),
      "y/package.json": json("same"),
    });
    symlinkSync("../../x", join(folder, "app/node_modules/a"));
    symlinkSync("../../y", join(folder, "app/node_modules/b"));
    expect(await pack("app")).toEqual([
      "app/node_modules/a -> ../../links/same",
      "app/node_modules/b -> ../../links/same-2",
      "app/package.json",
      "links/same-2/package.json",
      "links/same/package.json",
    ]);
  });
});

describe("one member of a workspace", () => {
  test("takes its sisters, what they declare and what the root declares along, and nothing else", async () => {
    writeTree(folder, {
      "package.json": json("root", { workspaces: ["packages/*"], devDependencies: { tool: "1" } }),
      "README.md": "",
      "packages/web/package.json": json("web", { dependencies: { lib: "1", dep: "1" }, devDependencies: { tester: "1" } }),
      "packages/web/src/node_modules/own/index.js": "",
      "packages/web/node_modules/dep/package.json": json("dep"),
      "packages/lib/package.json": json("lib", { dependencies: { deep: "1" }, devDependencies: { sisterTool: "1" } }),
      "packages/other/package.json": json("other"),
      "node_modules/deep/package.json": json("deep", { peerDependencies: { peer: "1" } }),
      "node_modules/peer/package.json": json("peer"),
      "node_modules/tool/package.json": json("tool"),
      "node_modules/tester/package.json": json("tester"),
      "node_modules/sisterTool/package.json": json("sisterTool"),
      "node_modules/.bin/": "",
    });
    for (const name of ["lib", "web", "other"]) symlinkSync(`../packages/${name}`, join(folder, "node_modules", name));
    symlinkSync("../tool/package.json", join(folder, "node_modules/.bin/tool"));
    symlinkSync("../deep/package.json", join(folder, "node_modules/.bin/deep"));
    const expected = [
      "app/node_modules/.bin/deep -> ../deep/package.json",
      "app/node_modules/.bin/tool -> ../tool/package.json",
      "app/node_modules/deep/package.json",
      "app/node_modules/lib -> ../packages/lib",
      "app/node_modules/peer/package.json",
      "app/node_modules/tester/package.json",
      "app/node_modules/tool/package.json",
      "app/node_modules/web -> ../packages/web",
      "app/package.json",
      "app/packages/lib/package.json",
      "app/packages/web/node_modules/dep/package.json",
      "app/packages/web/package.json",
      "app/packages/web/src/node_modules/own/index.js",
    ];
    expect(await pack("packages/web")).toEqual(expected);
    expect(await pack("packages/web", true)).toEqual(expected.filter((path) => !/test|tool/.test(path)));
  });

  test("is named by its own package.json, and its root is the workspace's", async () => {
    writeTree(folder, {
      "package.json": json("root", { workspaces: ["packages/*"] }),
      "packages/web/package.json": json("@s/web", { version: "3.0.0" }),
      "node_modules/": "",
    });
    const environment = await readEnvironment(join(folder, "packages/web"), { node: "none" });
    expect(environment).toMatchObject({ name: "@s/web", version: "3.0.0", root: folder, resolveFrom: ["packages/web"] });
  });

  test("with missing dependencies is refused, naming them", async () => {
    writeTree(folder, {
      "package.json": json("root", { workspaces: ["packages/*"] }),
      "packages/web/package.json": json("web", { dependencies: { gone: "1" } }),
      "node_modules/": "",
    });
    await expect(pack("packages/web")).rejects.toMatchObject({ code: "NOT_INSTALLED", message: expect.stringContaining("gone") });
  });
});

test("--links refuse names a link out of the root", async () => {
  writeTree(folder, { "app/package.json": json("app"), "app/node_modules/": "", "lib/package.json": json("lib") });
  symlinkSync("../../lib", join(folder, "app/node_modules/lib"));
  const attempt = readEnvironment(join(folder, "app"), { node: "none", links: "refuse" });
  await expect(attempt).rejects.toMatchObject({ code: "LINK_ESCAPES", message: expect.stringContaining("node_modules/lib") });
});
