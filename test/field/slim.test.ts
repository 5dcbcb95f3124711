import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { info, pack, planPack, type PackPreview } from "../../src/index.js";
import { runMain } from "../cli/in-process.js";
import { writeFiles } from "../evidence/prove/shop.js";
import { makeScratch } from "../real/commands.js";
import { move, runManager, type Moved } from "./elsewhere.js";

const scratch = makeScratch();
const project = join(scratch, "app");

/** Packages with traps: what looks like a test, a document or a map, and is loaded. npm installs each from a tarball of its own. */
const TRAPS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "main-in-test": {
    "package.json": '{"main":"test/index"}',
    "test/index.js": 'module.exports = require("./deep/part");',
    "test/deep/part.js": 'module.exports = "test";',
  },
  docs: {
    "package.json": '{"main":"docs/main.js"}',
    "docs/main.js": 'module.exports = "docs";',
    "docs/guide.md": "",
    "doc/old.html": "<p>old</p>",
  },
  "exports-data": {
    "package.json": '{"exports":{".":"./index.js","./readme":"./README.md","./map":"./index.js.map","./guides/*":"./docs/*.md"}}',
    "index.js": 'module.exports = (n) => require("node:fs").readFileSync(require.resolve("exports-data/guides/" + n), "utf8");',
    "README.md": "read",
    "index.js.map": "{}",
    "other.js.map": "{}",
    "docs/one.md": "one",
  },
  "reads-own": {
    "package.json": "{}",
    "index.js":
      'const fs = require("fs"), path = require("path");\nmodule.exports = fs.readFileSync(path.join(__dirname, "templates", process.env.NOT_THERE || "page" ) + ".md", "utf8");',
    "templates/page.md": "page",
    "templates/page.d.ts": "export {};",
    LICENSE: "MIT",
  },
  "imports-test": {
    "package.json": '{"type":"module","exports":"./index.js"}',
    "index.js": 'import x from "./test/x.js"; export default x;',
    "test/x.js": 'export default "x";',
    "tests/unit.js": "",
    "a.test.js": "",
  },
  "deep-of-other": { "package.json": "{}", "index.js": 'module.exports = require("given/test/helper");' },
  given: {
    "package.json": "{}",
    "index.js": "",
    "test/helper.js": 'module.exports = "helper";',
    "test/README.md": "",
    "__tests__/a.js": "",
  },
  "dir-of-code": {
    "package.json": "{}",
    "index.js": 'module.exports = require("./lib/docs");',
    "lib/docs/index.js": "module.exports = 1;",
    "lib/test/index.js": "",
  },
  "licence-in-readme": { "package.json": "{}", "index.js": "", "README.md": "MIT. Permission is hereby granted, free of charge" },
  licensed: {
    "package.json": "{}",
    "index.js": "",
    "LICENSE-MIT.md": "",
    "LICENCE.markdown": "",
    "NOTICE.md": "",
    "COPYING.md": "",
    "ThirdPartyNotices.md": "",
    "docs/LICENSES.md": "",
    "docs/index.md": "",
    "README.md": "",
    "index.d.ts": "",
    "index.d.mts": "",
    "index.d.cts": "",
    "index.js.flow": "",
    "index.js.map": "",
    "build.tsbuildinfo": "{}",
    "coverage/lcov.info": "",
    "coverage/index.html": "",
  },
};

let moved: Moved;
let preview: PackPreview;

beforeAll(async () => {
  const files: Record<string, string> = {};
  for (const [name, content] of Object.entries(TRAPS)) {
    for (const [path, text] of Object.entries(content)) {
      const isOwn = path === "package.json";
      files[`packages/${name}/${path}`] = isOwn ? JSON.stringify({ name, version: "1.0.0", ...JSON.parse(text) }) : text;
    }
  }
  writeFiles(scratch, files);
  mkdirSync(join(scratch, "tarballs"));
  const folders = Object.keys(TRAPS).map((name) => join(scratch, "packages", name));
  await runManager("npm@11.21.2", join(scratch, "tarballs"), ["pack", "--silent", ...folders]);
  writeFiles(project, {
    "package.json": JSON.stringify({ name: "app", version: "1.0.0", main: "server.js" }),
    "docs/own.md": "",
    "test/own.test.js": "",
    "own.d.ts": "",
    "own.js.map": "",
    "README.md": "",
    "server.js": `process.env.HOME ??= "/";
${["express", "zod", "yaml", "bcrypt", "resolve", ...Object.keys(TRAPS).filter((name) => name !== "imports-test")].map((name) => `require(${JSON.stringify(name)});`).join("\n")}
const { strictEqual } = require("node:assert");
strictEqual(require("main-in-test"), "test");
strictEqual(require("docs"), "docs");
strictEqual(require("exports-data")("one"), "one");
strictEqual(require("reads-own"), "page");
strictEqual(require("deep-of-other"), "helper");
strictEqual(require("bcrypt").compareSync("a", require("bcrypt").hashSync("a", 4)), true);
strictEqual(require("yaml").parse("a: 1").a, 1);
require("exports-data/map");
import("imports-test").then((x) => { strictEqual(x.default, "x"); console.log("all there"); });
`,
  });
  const tarballs = Object.keys(TRAPS).map((name) => `../tarballs/${name}-1.0.0.tgz`);
  const real = ["express@5.1.0", "zod@4.1.12", "yaml@2.8.1", "bcrypt@6.0.0", "resolve@1.22.11"];
  await runManager("npm@11.21.2", project, ["install", "--no-audit", "--no-fund", "--silent", "--ignore-scripts", ...real, ...tarballs]);
  moved = await move(scratch, { path: project, slim: "safe" });
  preview = await planPack({ path: project, node: "none" });
}, 240_000);

const has = (path: string): boolean => moved.has(`app/node_modules/${path}`);

describe("pack --slim safe", () => {
  test("S1: what it leaves of real packages and of traps runs at another depth", async () => {
    expect(await moved.node("app/server.js")).toMatchObject({ stderr: "", stdout: expect.stringContaining("all there") });
  });

  test("S2: files that a package.json, a program or a link names stay, and no others", () => {
    for (const path of [
      "exports-data/README.md",
      "exports-data/index.js.map",
      "exports-data/docs/one.md",
      "imports-test/test/x.js",
      "given/test/helper.js",
      "dir-of-code/lib/test/index.js",
    ])
      expect(has(path), path).toBe(true);
    for (const path of [
      "exports-data/other.js.map",
      "docs/doc",
      "imports-test/tests",
      "imports-test/a.test.js",
      "given/__tests__",
      "reads-own/templates/page.d.ts",
    ])
      expect(has(path), path).toBe(false);
    expect(moved.result.slim?.spared).toContainEqual({ path: "app/node_modules/main-in-test/test", why: "its package.json names it" });
  });

  test("S3: licences and notices stay, whatever their ending, and a README that holds the only one", () => {
    for (const name of ["LICENSE-MIT.md", "LICENCE.markdown", "NOTICE.md", "COPYING.md", "ThirdPartyNotices.md", "docs/LICENSES.md"])
      expect(has(`licensed/${name}`), name).toBe(true);
    expect(has("licence-in-readme/README.md")).toBe(true);
    const left = [
      "README.md",
      "docs/index.md",
      "index.d.ts",
      "index.d.mts",
      "index.d.cts",
      "index.js.flow",
      "index.js.map",
      "build.tsbuildinfo",
      "coverage",
    ];
    for (const name of left) expect(has(`licensed/${name}`), name).toBe(false);
  });

  test("S4: the project's own files all stay, and every package.json", () => {
    for (const path of ["docs/own.md", "test/own.test.js", "own.d.ts", "own.js.map", "README.md"])
      expect(moved.has(`app/${path}`), path).toBe(true);
    const manifests = preview.entries.filter(
      ({ path }) => /node_modules\/(@[^/]+\/)?[^/]+\/package\.json$/.test(path) && !path.includes("/test/"),
    );
    expect(manifests.length).toBeGreaterThan(60);
    for (const { path } of manifests) expect(moved.has(path), path).toBe(true);
  });

  test("S5: of prebuilt addons those for other platforms go, by their headers", () => {
    const { arch } = process;
    expect(has(`bcrypt/prebuilds/linux-${arch}/bcrypt.glibc.node`)).toBe(true);
    for (const path of ["darwin-arm64/bcrypt.node", "win32-x64/bcrypt.node", `linux-${arch}/bcrypt.musl.node`])
      expect(has(`bcrypt/prebuilds/${path}`), path).toBe(false);
  });

  test("S6: what went is counted by rule, named one by one, and told by the manifest and by info", async () => {
    const { result } = moved;
    const left = result.leftOut.filter(({ reason }) => reason === "slim");
    const rules = result.slim?.rules ?? [];
    expect(rules.map(({ rule }) => rule)).toEqual([
      "tests",
      "caches",
      "foreign prebuilds",
      "type declarations",
      "source maps",
      "documents",
    ]);
    for (const { rule, files, bytes } of rules) {
      const own = left.filter(({ kind }) => kind === rule);
      expect([own.reduce((sum, one) => sum + (one.files ?? 0), 0), own.reduce((sum, one) => sum + (one.bytes ?? 0), 0)]).toEqual([
        files,
        bytes,
      ]);
    }
    expect(result.manifest.slim).toEqual({ grade: "safe", files: result.slim?.files, bytes: result.slim?.bytes });
    expect((await info({ path: join(scratch, "moved.tar") })).manifest.slim).toEqual(result.manifest.slim);
    expect((await runMain("info", join(scratch, "moved.tar"))).stdout).toMatch(/^slim +safe: without \d+ files/m);
  });

  test("S7: --keep, and an --include that names it, keep what matches, and an --exclude leaves it out", async () => {
    const paths = async (options: object): Promise<string[]> =>
      (await planPack({ path: project, node: "none", slim: "safe", ...options })).entries.map(({ path }) => path);
    const [plain, kept, included, above, excluded] = await Promise.all([
      paths({}),
      paths({ keep: ["node_modules/zod", "index.d.mts"] }),
      paths({
        rules: [
          { action: "include", pattern: "licensed/**/*.md" },
          { action: "include", pattern: "/node_modules/licensed/README.md" },
        ],
      }),
      paths({ rules: [{ action: "include", pattern: "/node_modules" }] }),
      paths({ keep: ["*.md"], rules: [{ action: "exclude", pattern: "README.md" }] }),
    ]);
    const zod = (list: readonly string[]): string[] =>
      list.filter((path) => path.startsWith("app/node_modules/zod/") && path.endsWith(".d.ts"));
    expect(zod(plain)).toEqual([]);
    expect(zod(kept).length).toBeGreaterThan(20);
    expect(kept).toContain("app/node_modules/licensed/index.d.mts");
    expect(included).toContain("app/node_modules/licensed/README.md");
    expect(above).toEqual(plain);
    expect(excluded).toContain("app/node_modules/licensed/docs/index.md");
    expect(excluded).not.toContain("app/node_modules/licensed/README.md");
  });

  test("S8: the same packages give the same bytes, and --keep alone is refused", async () => {
    const again = await pack({ path: project, slim: "safe", output: join(scratch, "again.tar") });
    expect(again.sha256).toBe(moved.result.sha256);
    expect(await runMain("pack", project, "--keep", "*.md")).toMatchObject({
      status: 2,
      stderr: expect.stringContaining("--keep goes with --slim and --trace"),
    });
  });

  test("S9: the summary has a line a rule", async () => {
    const { stdout } = await runMain("pack", project, "--node", "none", "--slim", "safe", "--dry-run");
    for (const rule of ["tests", "type declarations", "source maps", "documents", "foreign prebuilds"])
      expect(stdout).toMatch(new RegExp(`^  [\\d,]+ files?, .*: ${rule} of packages \\(--slim; --keep PATTERN keeps them\\): app/`, "m"));
  });
});

test("S10: what a compiler works with stays", async () => {
  const folder = join(scratch, "compiles");
  writeFiles(folder, {
    "package.json": '{"name":"compiles","version":"1.0.0","dependencies":{"typescript":"1.0.0","ts-like":"1.0.0"}}',
    "node_modules/typescript/package.json": '{"name":"typescript","version":"1.0.0"}',
    "node_modules/typescript/lib/lib.d.ts": "",
    "node_modules/ts-like/package.json": '{"name":"ts-like","version":"1.0.0"}',
    "node_modules/ts-like/lib/compiler.js": 'require("fs").readFileSync(`${__dirname}/lib.${process.argv[2]}.d.ts`)',
    "node_modules/ts-like/lib/lib.es5.d.ts": "",
    "node_modules/ts-like/index.d.ts": "",
  });
  writeFileSync(join(folder, "node_modules/ts-like/README.md"), readFileSync(join(folder, "package.json")));
  const { entries } = await planPack({ path: folder, node: "none", slim: "safe" });
  const paths = entries.map(({ path }) => path.replace("app/node_modules/", "")).filter((path) => /\.(d\.ts|md)$/.test(path));
  expect(paths).toEqual(["ts-like/lib/lib.es5.d.ts", "typescript/lib/lib.d.ts"]);
});
