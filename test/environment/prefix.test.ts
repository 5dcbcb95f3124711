import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readEnvironment } from "../../src/environment/read.js";
import { findDenoNeeds } from "../../src/environment/prefixes/deno.js";
import type { Environment } from "../../src/environment/environment.js";
import { planPack } from "../../src/verbs/pack/pack.js";
import { makeFolder, writeTree, type Content } from "./tree.js";

/** npm's global packages `a` (a script of node), `b` (a shell script), and one in a scope. */
const GLOBAL: Record<string, Content> = {
  "lib/node_modules/a/package.json": { name: "a", version: "1.0.0", bin: "cli.js" },
  "lib/node_modules/a/cli.js": "#!/usr/bin/env -S node --no-warnings\n",
  "lib/node_modules/b/package.json": { name: "b", version: "2.0.0" },
  "lib/node_modules/b/tool.sh": "#!/bin/sh\n",
  "lib/node_modules/@s/c/package.json": { name: "@s/c", version: "3.0.0" },
  "bin/a": { link: "../lib/node_modules/a/cli.js" },
  "bin/b": { link: "../lib/node_modules/b/tool.sh" },
};

function read(tree: Record<string, Content>, options: { readonly node?: string } = { node: "none" }): Promise<Environment> {
  return readEnvironment(writeTree(makeFolder(), tree), { kind: "prefix", ...options });
}

/** The prefix's own node is a link to the one that runs the tests. */
const OWN_NODE: Record<string, Content> = { "bin/node": { link: process.execPath } };

describe("a prefix", () => {
  test("of npm has the packages of lib/node_modules and their commands", async () => {
    const found = await read(GLOBAL);
    expect(found).toMatchObject({ kind: "prefix", resolveFrom: ["lib"], manager: { name: "npm", version: null } });
    expect(found.packages.map(({ name, path }) => [name, path])).toEqual([
      ["@s/c", "lib/node_modules/@s/c"],
      ["a", "lib/node_modules/a"],
      ["b", "lib/node_modules/b"],
    ]);
    expect(found.bins).toEqual([
      { name: "a", file: "lib/node_modules/a/cli.js", start: "node", nodeOptions: ["--no-warnings"] },
      { name: "b", file: "bin/b", start: "direct" },
    ]);
  });

  test("has its own runtime, unless another is asked for", async () => {
    const own = await read({ ...GLOBAL, ...OWN_NODE }, {});
    expect(own.runtime).toMatchObject({ version: process.versions.node, origin: "path" });
    expect((await read({ ...GLOBAL, ...OWN_NODE })).runtime).toBeNull();
  });

  test("is recognised without -p where there is no package.json, and with -p where there is one", async () => {
    const folder = writeTree(makeFolder(), GLOBAL);
    expect((await readEnvironment(folder, { node: "none" })).kind).toBe("prefix");
    const yarn = {
      "package.json": { dependencies: {} },
      "node_modules/.yarn-integrity": {},
      "node_modules/x/package.json": { name: "x", version: "1.0.0" },
    };
    expect(await read(yarn)).toMatchObject({ kind: "prefix", resolveFrom: [""], manager: { name: "yarn" }, packages: [{ name: "x" }] });
  });

  test("of a version manager is called node, with the runtime's version; any other has its folder's name", async () => {
    const folder = makeFolder();
    writeTree(join(folder, "v22.11.0"), { ...GLOBAL, ...OWN_NODE });
    writeTree(join(folder, "tools"), { ...GLOBAL, ...OWN_NODE });
    expect(await readEnvironment(join(folder, "v22.11.0"), {})).toMatchObject({ name: "node", version: process.versions.node });
    expect(await readEnvironment(join(folder, "tools"), {})).toMatchObject({ name: "tools", version: null });
  });

  test("keeps out what links and names of commands must not reach", async () => {
    const found = await read({
      ...GLOBAL,
      "bin/activate": "# of nodeenv\n",
      "bin/gone": { link: "../lib/node_modules/gone/cli.js" },
      "bin/ls": { link: "/bin/ls" },
      "bin/envpack": { link: "../lib/node_modules/a/cli.js" },
      "bin/plain": "#!/bin/sh\n",
    });
    expect(found.bins.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(found.notices.map(({ code }) => code)).toEqual(["ACTIVATE_REPLACED"]);
  });

  test.for([[{ "README.md": "" }], [{ "bin/": "" }]] as const)("is not any folder: %j", async ([tree]) => {
    await expect(read(tree)).rejects.toMatchObject({ code: "NOT_AN_ENVIRONMENT", message: expect.stringContaining("no prefix") as string });
  });

  test.for(["/", "/usr"])("is not the system itself: %s", async (path) => {
    await expect(readEnvironment(path, { kind: "prefix" })).rejects.toMatchObject({ code: "NOT_AN_ENVIRONMENT", path });
  });

  test("of conda tells of a record that is cut off", async () => {
    const tree = { ...GLOBAL, "conda-meta/nodejs-1.json": '{ "name": ' };
    await expect(read(tree)).rejects.toMatchObject({ code: "NOT_INSTALLED", path: expect.stringContaining("nodejs-1.json") as string });
  });

  test("of conda knows which files hold the prefix, and how", async () => {
    const paths = [
      { _path: "lib/x.so", file_mode: "binary", prefix_placeholder: "/placeholder" },
      { _path: "etc/x.conf", file_mode: "text", prefix_placeholder: "/placeholder" },
      { _path: "bin/x" },
      null,
    ];
    const found = await read({ ...GLOBAL, "conda-meta/x-1.json": { paths_data: { paths } }, "conda-meta/history": "" });
    expect(found.kind).toBe("conda");
    expect([...(found.conda ?? [])]).toEqual([
      ["lib/x.so", { mode: "binary", placeholderLength: 12 }],
      ["etc/x.conf", { mode: "text", placeholderLength: 12 }],
    ]);
  });
});

describe("what goes into the archive of a prefix", () => {
  async function plan(tree: Record<string, Content>, node?: string): Promise<Map<string, string>> {
    const prefix = writeTree(makeFolder(), tree);
    const { entries } = await planPack({ prefix, node, output: join(makeFolder(), "x.tar") });
    return new Map(entries.map(({ path, type }) => [path, type]));
  }

  test("is the prefix itself, with a link to a node replaced by that node", async () => {
    const entries = await plan({ ...GLOBAL, ...OWN_NODE });
    expect(Object.fromEntries(["bin/node", "bin/a", "bin/b", "bin/npm"].map((path) => [path, entries.get(path)]))).toMatchObject({
      "bin/node": "file",
      "bin/a": "file",
      "bin/b": "symlink",
    });
  });

  test("holds no node where none is asked for", async () => {
    const entries = await plan({ ...GLOBAL, ...OWN_NODE }, "none");
    expect(entries.has("bin/node")).toBe(false);
    expect(entries.get("bin/a")).toBe("file");
  });

  test("holds the prefix's own npm, not that of another runtime", async () => {
    const own = { "lib/node_modules/npm/package.json": { name: "npm", version: "1.2.3" } };
    const entries = await plan({ ...GLOBAL, ...own }, process.execPath);
    expect([...entries.keys()].filter((path) => path.startsWith("lib/node_modules/npm"))).toEqual([
      "lib/node_modules/npm",
      "lib/node_modules/npm/package.json",
    ]);
  });

  test("leaves out what managers install from", async () => {
    const entries = await plan({
      ...GLOBAL,
      "install/cache/x/1.0.0": { link: "/nowhere/at/all" },
      "install/global/node_modules/y/package.json": { name: "y", version: "1.0.0" },
      "store/v11/files/00/ab": "x",
      "store/v11/projects/0": { link: "/nowhere/at/all" },
      "store/v11/links/@/z/1/h/node_modules/z/package.json": { name: "z", version: "1.0.0" },
    });
    const kept = [...entries.keys()].filter((path) => /^(install|store)\//.test(path));
    expect(kept).toContain("install/global/node_modules/y/package.json");
    expect(kept).toContain("store/v11/links/@/z/1/h/node_modules/z/package.json");
    expect(kept.filter((path) => /cache\/|files\/|projects\//.test(path))).toEqual([]);
  });

  test("is refused with a global package whose addon its node cannot load", async (context) => {
    if (spawnSync("cc", ["--version"]).status !== 0) context.skip("a C compiler is not installed");
    const prefix = writeTree(makeFolder(), {
      ...GLOBAL,
      ...OWN_NODE,
      "lib/node_modules/b/build/Release/b.c": "int node_register_module_v1;\n",
    });
    const file = join(prefix, "lib/node_modules/b/build/Release/b");
    expect(spawnSync("cc", ["-shared", "-fPIC", "-o", `${file}.node`, `${file}.c`]).status).toBe(0);
    await expect(planPack({ prefix })).rejects.toMatchObject({
      code: "ADDON_MISMATCH",
      message: `the addon of b@2.0.0 was built for NODE_MODULE_VERSION 1; node ${process.versions.node} has ${process.versions.modules}`,
    });
  });

  test("is named in one way only", async () => {
    await expect(planPack({ path: ".", prefix: "." })).rejects.toMatchObject({ code: "USAGE" });
    await expect(planPack({ prefix: ".", runtimeName: "v22" })).rejects.toMatchObject({ code: "USAGE" });
  });
});

describe("commands that deno installed", () => {
  const launcher = (module: string): string => `#!/bin/sh\n# generated by deno install\nexec deno run --allow-all '${module}' "$@"\n`;

  test("need a deno: the prefix's own, or the program on PATH, never a script of that name", () => {
    const root = writeTree(makeFolder(), { "bin/tool": launcher("npm:tool@1.0.0") });
    const script = writeTree(makeFolder(), { deno: "#!/usr/bin/env node\n" });
    const program = writeTree(makeFolder(), { deno: { link: process.execPath } });
    expect(findDenoNeeds(root, script).notices).toMatchObject([{ code: "DENO_MISSING" }]);
    expect(findDenoNeeds(root, `${script}:${program}`)).toEqual({ program: process.execPath, notices: [] });
    writeTree(root, { "bin/deno": "" });
    expect(findDenoNeeds(root, program)).toEqual({ program: null, notices: [] });
  });

  test("are named where what they run stays behind", () => {
    const root = writeTree(makeFolder(), { "bin/deno": "", "bin/far": launcher("jsr:@a/b"), "bin/near": launcher("npm:tool@1.0.0") });
    expect(findDenoNeeds(root, "").notices).toMatchObject([{ code: "DENO_REMOTE", path: "bin/far" }]);
  });
});
