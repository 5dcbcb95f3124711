import { realpathSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { pack, planPack } from "../../src/index.js";
import type { FilterRule } from "../../src/support/filters.js";
import { smallNode } from "../small-node.js";
import { makeFolder, writeTree, type Content } from "../environment/tree.js";
import { sandboxMissing } from "../real/environments/sandbox.js";
import { move, runManager, type Moved } from "./elsewhere.js";

const scratch = realpathSync(makeFolder());
const missing = sandboxMissing();
const NODE = smallNode();
let at = 0;

beforeEach((context) => {
  if (missing !== null) context.skip(missing);
});

/** A folder of its own for a test. */
function place(tree: Readonly<Record<string, Content>>): string {
  return writeTree(join(scratch, String(at++)), tree);
}

/** Runs a script elsewhere and tells what it printed; what it wrote on stderr where it failed. */
async function say(moved: Moved, file: string): Promise<string> {
  const { status, stdout, stderr } = await moved.node(file);
  return status === 0 ? stdout.trim() : stderr.trim();
}

const json = (name: string, fields: object = {}): object => ({ name, version: "1.0.0", ...fields });
const PRISMA = "5.22.0";
const NPM = "npm@11.21.2";

describe("what Node can reach", () => {
  test.each([
    ["npm", NPM, { "package.json": { private: true, workspaces: ["packages/*"], allowScripts: { "@prisma/client": true } } }],
    [
      "pnpm",
      "pnpm@10.34.9",
      { "package.json": { private: true }, "pnpm-workspace.yaml": 'packages: ["packages/*"]\nonlyBuiltDependencies: ["@prisma/client"]\n' },
    ],
    ["Yarn 1", "yarn@1.22.22", { "package.json": { private: true, workspaces: ["packages/*"] } }],
  ])("P1: a member's generated code in node_modules/.prisma goes in and runs, by %s", async (_, manager, root) => {
    const folder = place({});
    const project = writeTree(join(folder, "work"), {
      ...(root as Record<string, Content>),
      "packages/api/package.json": json("api", { dependencies: { "@prisma/client": PRISMA } }),
      "packages/api/index.js": 'const client = require("@prisma/client");\nconsole.log(typeof client.PrismaClient);\n',
      "packages/other/package.json": json("other", { dependencies: { ms: "2.1.3" } }),
    });
    await runManager(manager, project, ["install"]);
    const moved = await move(folder, { node: NODE, path: join(project, "packages/api") });
    expect(await say(moved, "app/packages/api/index.js")).toBe("function");
    expect(moved.result.manifest.packages.map(({ name }) => name)).not.toContain("ms");
  });

  test("P2: what only the workspace's root declares goes in with a member, what only another member declares is named", async () => {
    const folder = place({});
    const project = writeTree(join(folder, "work"), {
      "package.json": { private: true, workspaces: ["packages/*"], dependencies: { ms: "2.1.3" }, devDependencies: { semver: "7.6.0" } },
      "packages/api/package.json": json("api", { dependencies: { debug: "4.3.4" } }),
      "packages/api/index.js": 'console.log(require("ms")(1000), typeof require("debug"), require("semver").major("3.0.0"));\n',
      "packages/other/package.json": json("other", { dependencies: { "left-pad": "1.3.0" } }),
    });
    await runManager(NPM, project, ["install"]);
    const moved = await move(folder, { node: NODE, path: join(project, "packages/api") });
    expect(await say(moved, "app/packages/api/index.js")).toBe("1s function 3");
    const left = moved.result.leftOut.filter(({ path }) => path.startsWith("app/node_modules/left-pad"));
    expect(left).toEqual([expect.objectContaining({ path: "app/node_modules/left-pad", reason: "workspace" })]);
    const told = moved.result.notices.find(({ code }) => code === "UNDECLARED")?.message;
    expect(told).toMatch(/from packages\/api, .*--include PATH.*: node_modules\/left-pad, node_modules\/other$/);
    const { leftOut } = await pack({ path: join(project, "packages/api"), omit: ["dev"], output: join(folder, "dev.tar"), node: "none" });
    expect(leftOut.filter(({ reason }) => reason === "development").map(({ path }) => path)).toContain("app/node_modules/semver");
  });

  test("P2: what was left out comes in with --include, with what it declares, as the notice says", async () => {
    const project = place({
      "package.json": { private: true, workspaces: ["packages/*"] },
      "node_modules/left-pad/package.json": json("left-pad", { dependencies: { deep: "1" } }),
      "node_modules/left-pad/index.js": 'module.exports = "padded " + require("deep");\n',
      "node_modules/left-pad/lib/some.js": "",
      "node_modules/deep/package.json": json("deep"),
      "node_modules/deep/index.js": 'module.exports = "deep";\n',
      "node_modules/other": { link: "../packages/other" },
      "packages/api/package.json": json("api"),
      "packages/api/index.js": 'console.log(require("left-pad"), require("other"));\n',
      "packages/other/package.json": json("other", { dependencies: { "left-pad": "1", third: "1" } }),
      "packages/other/index.js": 'module.exports = "other";\n',
      "packages/other/node_modules/third/package.json": json("third"),
      "packages/unrelated/package.json": json("unrelated", { dependencies: { "left-pad": "1" } }),
      "packages/unrelated/notes.txt": "",
    });
    const path = join(project, "packages/api");
    const include = (pattern: string): FilterRule => ({ action: "include", pattern });
    const moved = await move(join(scratch, `include-${at}`), {
      node: NODE,
      path,
      rules: [include("node_modules/left-pad"), include("node_modules/other")],
    });
    expect(await say(moved, "app/packages/api/index.js")).toBe("padded deep other");
    expect(
      ["app/node_modules/left-pad/lib/some.js", "app/packages/other/node_modules/third", "app/packages/unrelated"].map(moved.has),
    ).toEqual([true, true, false]);
    expect(moved.result.notices.filter(({ code }) => code === "UNDECLARED" || code === "PATTERN_UNMATCHED")).toEqual([]);
    const whole = await planPack({ path, node: "none", rules: [include("packages/unrelated")] });
    expect(whole.entries.map((entry) => entry.path)).toContain("app/packages/unrelated/notes.txt");
  });

  test("P2: folders without package.json, single files and links to plain folders go in with a member", async () => {
    const project = place({
      "package.json": { private: true, workspaces: ["packages/*"] },
      "shared/text.js": 'module.exports = "linked";\n',
      "shared.js": 'module.exports = "linked file";\n',
      "node_modules/.generated/node_modules/own.js": 'module.exports = "generated";\n',
      "node_modules/.generated/index.js": 'module.exports = require("own");\n',
      "node_modules/plain/index.js": 'module.exports = "plain";\n',
      "node_modules/@scope/plain/index.js": 'module.exports = "scoped";\n',
      "node_modules/single.js": 'module.exports = "single";\n',
      "node_modules/stray/package.json": json("stray", { dependencies: { deep: "1" } }),
      "node_modules/stray/index.js": 'module.exports = require("deep");\n',
      "node_modules/deep/package.json": json("deep"),
      "node_modules/deep/index.js": 'module.exports = "stray";\n',
      "node_modules/src": { link: "../shared" },
      "node_modules/file.js": { link: "../shared.js" },
      "node_modules/~": { link: ".." },
      "node_modules/.cache/x/index.js": "",
      "node_modules/.package-lock.json": "{}",
      "packages/api/package.json": json("api"),
      "packages/api/index.js":
        'console.log([".generated", "plain", "@scope/plain", "single", "stray", "src/text", "file.js"].map((name) => require(name)).join(", "));\n',
      "packages/other/package.json": json("other", { dependencies: { deep: "1" } }),
      "notes.txt": "",
    });
    const moved = await move(join(scratch, `loose-${at}`), { node: NODE, path: join(project, "packages/api") });
    expect(await say(moved, "app/packages/api/index.js")).toBe("generated, plain, scoped, single, stray, linked, linked file");
    expect(
      ["app/node_modules/.cache", "app/node_modules/.package-lock.json", "app/notes.txt", "app/packages/other"].filter(moved.has),
    ).toEqual([]);
  });

  test("P1: what links bring in comes with its generated code, its undeclared packages and its workspace's own", async () => {
    const folder = place({
      "app/package.json": json("app", { dependencies: { lib: "1" } }),
      "app/index.js": 'console.log(require("lib"), require("plain"), require("single"));\n',
      "app/node_modules/lib": { link: "../../mono/packages/lib" },
      "app/node_modules/plain": { link: "../../data/plain" },
      "app/node_modules/single.js": { link: "../../data/single.js" },
      "data/plain/index.js": 'module.exports = "plain";\n',
      "data/single.js": 'module.exports = "single";\n',
      "data/private.txt": "",
      "mono/package.json": { private: true, workspaces: ["packages/*"], dependencies: { rooted: "1" } },
      "mono/node_modules/rooted/package.json": json("rooted"),
      "mono/node_modules/rooted/index.js": 'module.exports = "rooted";\n',
      "mono/node_modules/.made/index.js": 'module.exports = "made";\n',
      "mono/node_modules/unrelated/package.json": json("unrelated"),
      "mono/packages/lib/package.json": json("lib", { devDependencies: { tool: "1" } }),
      "mono/packages/lib/index.js": 'module.exports = [".made", ".own", "rooted", "stray"].map((name) => require(name)).join(" ");\n',
      "mono/packages/lib/node_modules/.own/index.js": 'module.exports = "own";\n',
      "mono/packages/lib/node_modules/stray/package.json": json("stray"),
      "mono/packages/lib/node_modules/stray/index.js": 'module.exports = "stray";\n',
      "mono/packages/lib/node_modules/tool/package.json": json("tool"),
      "mono/packages/other/package.json": json("other"),
    });
    const moved = await move(folder, { node: NODE, path: join(folder, "app") });
    expect(await say(moved, "app/index.js")).toBe("made own rooted stray plain single");
    const beside = moved.result.leftOut.map(({ path, reason }) => `${reason} ${path}`);
    expect(beside).toEqual(["beside links/lib/node_modules/unrelated", "beside links/lib/packages/lib/node_modules/tool"]);
    expect(moved.result.manifest.packages.map(({ name }) => name)).toEqual(["rooted", "lib", "stray"]);
    expect(["links/plain/plain/index.js", "links/plain/single.js", "links/plain/private.txt"].filter(moved.has)).toHaveLength(2);
  });
});

describe("a node_modules elsewhere", () => {
  test.each([
    ["npm", NPM],
    ["pnpm", "pnpm@10.34.9"],
  ])("P13: a node_modules that is a link is brought in, of %s", async (_, manager) => {
    const folder = place({
      "shared/package.json": json("shared", { dependencies: { debug: "4.3.4" }, devDependencies: { semver: "7.6.0" } }),
    });
    await runManager(manager, join(folder, "shared"), ["install"]);
    writeTree(join(folder, "work/app"), {
      "package.json": json("app", { dependencies: { debug: "4.3.4" }, devDependencies: { semver: "7.6.0" } }),
      "index.js": 'console.log(typeof require("debug"), require("semver").major("3.0.0"));\n',
      node_modules: { link: "../../shared/node_modules" },
    });
    const path = join(folder, "work/app");
    const moved = await move(folder, { node: NODE, path });
    expect(await say(moved, "app/index.js")).toBe("function 3");
    expect(moved.result.manifest.bins).toContain("semver");
    expect(moved.result.manifest.packages.map(({ name }) => name)).toEqual(expect.arrayContaining(["debug", "ms", "semver"]));
    expect(moved.has("links/modules/package.json"), "what lies beside the linked folder").toBe(false);
    const { leftOut, manifest } = await pack({ path, omit: ["dev"], output: join(folder, "dev.tar"), node: "none" });
    expect(manifest.packages.map(({ name }) => name)).not.toContain("semver");
    expect(leftOut.some(({ reason, path: left }) => reason === "development" && left.includes("semver"))).toBe(true);
    await expect(pack({ path, links: "refuse", output: join(folder, "x.tar") })).rejects.toMatchObject({
      code: "LINK_ESCAPES",
      message: expect.stringContaining("node_modules"),
    });
  });

  test("P13: links in a linked node_modules bring in what they lead to, and its generated code goes along", async () => {
    const folder = place({
      "app/package.json": json("app", { dependencies: { a: "1", b: "1" } }),
      "app/index.js": 'console.log(require("a"), require("b"), require(".gen"));\n',
      "app/node_modules": { link: "../links" },
      "links/a": { link: "../store/hash-a/node_modules/a" },
      "links/b/package.json": json("b"),
      "links/b/index.js": 'module.exports = "b";\n',
      "links/.gen/index.js": 'module.exports = "gen";\n',
      "store/hash-a/node_modules/a/package.json": json("a", { dependencies: { c: "1" } }),
      "store/hash-a/node_modules/a/index.js": 'module.exports = require("c");\n',
      "store/hash-a/node_modules/c": { link: "../../hash-c/node_modules/c" },
      "store/hash-c/node_modules/c/package.json": json("c"),
      "store/hash-c/node_modules/c/index.js": 'module.exports = "a by c";\n',
    });
    const moved = await move(folder, { node: NODE, path: join(folder, "app") });
    expect(await say(moved, "app/index.js")).toBe("a by c b gen");
  });

  test("P14: declared packages in a folder above are brought in and told, others are named", async () => {
    const folder = place({ "up/package.json": json("up", { dependencies: { debug: "4.3.4", semver: "7.6.0" } }) });
    await runManager(NPM, join(folder, "up"), ["install"]);
    writeTree(join(folder, "up/deep/app"), {
      "package.json": json("app", { dependencies: { debug: "4.3.4", own: "1" } }),
      "index.js": 'console.log(typeof require("debug"), require("own"));\n',
      "node_modules/own/package.json": json("own", { dependencies: { ms: "2" } }),
      "node_modules/own/index.js": 'module.exports = require("ms")(1000);\n',
    });
    const path = join(folder, "up/deep/app");
    const moved = await move(folder, { node: NODE, path });
    expect(await say(moved, "app/index.js")).toBe("function 1s");
    const told = (code: string): string | undefined => moved.result.notices.find((one) => one.code === code)?.message;
    expect(told("FOUND_ABOVE")).toMatch(/debug, ms$/);
    expect(told("LEFT_ABOVE")).toMatch(/semver/);
    expect(moved.result.manifest.packages.map(({ name }) => name)).toEqual(["debug", "ms", "own"]);
    await expect(pack({ path, links: "refuse", output: join(folder, "x.tar") })).rejects.toMatchObject({ code: "LINK_ESCAPES" });
  });

  test("P14: what the notice names comes in once package.json lists it, without any node_modules of its own", async () => {
    const folder = place({
      "node_modules/above/package.json": json("above"),
      "node_modules/above/index.js": 'module.exports = require(".made");\n',
      "node_modules/.made/index.js": 'module.exports = "found";\n',
      "app/package.json": json("app"),
      "app/index.js": 'console.log(require("above"), require(".made"));\n',
    });
    const before = await pack({ path: join(folder, "app"), node: "none", output: join(folder, "x.tar") });
    expect(before.notices.find(({ code }) => code === "LEFT_ABOVE")?.message).toMatch(/\.made, above$/);
    writeTree(folder, { "app/package.json": json("app", { dependencies: { above: "1" } }) });
    const moved = await move(folder, { node: NODE, path: join(folder, "app") });
    expect(await say(moved, "app/index.js")).toBe("found found");
  });

  test("P13: a link in node_modules to a folder of the system, or to one that holds the project, is refused by name", async () => {
    for (const link of ["/etc", "/etc/ssl", "../../.."]) {
      const folder = place({ "deep/app/package.json": json("app"), "deep/app/node_modules/x": { link } });
      await expect(pack({ path: join(folder, "deep/app"), node: "none", output: join(folder, "x.tar") })).rejects.toMatchObject({
        code: "LINK_ESCAPES",
        message: expect.stringContaining("app/node_modules/x"),
      });
    }
  });

  test("P13: of a brought-in link, too, and with packages in a folder above", async () => {
    const folder = place({
      "up/node_modules/above/package.json": json("above"),
      "up/node_modules/above/index.js": 'module.exports = "above";\n',
      "up/app/package.json": json("app", { dependencies: { lib: "1", above: "1" } }),
      "up/app/index.js": 'console.log(require("lib"), require("above"));\n',
      "up/app/node_modules": { link: "../../links/node_modules" },
      "links/node_modules/lib": { link: "../../lib" },
      "lib/package.json": json("lib"),
      "lib/index.js": 'module.exports = require("undeclared");\n',
      "lib/node_modules": { link: "../far/modules" },
      "far/modules/undeclared.js": 'module.exports = "undeclared";\n',
      "far/modules/.bin/x": "",
    });
    const moved = await move(folder, { node: NODE, path: join(folder, "up/app") });
    expect(await say(moved, "app/index.js")).toBe("undeclared above");
  });

  test("P14: what is nowhere is still not installed", async () => {
    const folder = place({
      "node_modules/above/package.json": json("above"),
      "app/package.json": json("app", { dependencies: { above: "1", "nowhere-at-all": "1" } }),
    });
    await expect(pack({ path: join(folder, "app"), node: "none", output: join(folder, "x.tar") })).rejects.toMatchObject({
      code: "NOT_INSTALLED",
      message: expect.stringMatching(/: nowhere-at-all$/),
    });
  });
});
