import { existsSync, linkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { info, pack, planPack, prove, record, type PackResult } from "../../src/index.js";
import { isMeant, missingOf } from "../../src/plan/trace/missing.js";
import { runMain } from "../cli/in-process.js";
import { writeFiles } from "../evidence/prove/shop.js";
import { makeScratch } from "../real/commands.js";
import { smallNode } from "../small-node.js";
import { move, type Moved } from "./elsewhere.js";

const scratch = makeScratch();
const project = join(scratch, "shop");
const IN = "app/node_modules";

beforeAll(() => {
  const part = (name: string, more: object = {}): string => JSON.stringify({ name, version: "1.0.0", ...more });
  writeFiles(project, {
    "package.json": JSON.stringify({
      name: "shop",
      version: "1.0.0",
      main: "server.js",
      dependencies: { direct: "1.0.0", dynamic: "1.0.0", unused: "1.0.0", both: "1.0.0" },
    }),
    "views/page.html": "",
    "server.js": `require("direct"); require("both"); require("dynamic")("page"); console.log("up");`,
    [`node_modules/direct/package.json`]: part("direct"),
    [`node_modules/direct/index.js`]: 'module.exports = require("./lib/used.js");',
    [`node_modules/direct/lib/used.js`]: "",
    [`node_modules/direct/lib/unused.js`]: "",
    [`node_modules/direct/LICENSE`]: "MIT",
    [`node_modules/direct/.env`]: "KEY=1",
    [`node_modules/unused/package.json`]: part("unused"),
    [`node_modules/unused/index.js`]: "",
    [`node_modules/both/package.json`]: part("both", {
      exports: { "module-sync": "./sync.mjs", import: "./import.mjs", default: "./require.cjs" },
    }),
    [`node_modules/both/sync.mjs`]: "export default 1;",
    [`node_modules/both/import.mjs`]: "export default 1;",
    [`node_modules/both/require.cjs`]: "",
    [`node_modules/dynamic/package.json`]: part("dynamic"),
    [`node_modules/dynamic/index.js`]:
      'module.exports = (n) => require(require("path").join(process.env.NOT_THERE ? "" : __dirname, ["te", "mplates"].join(""), n));',
    [`node_modules/dynamic/templates/page.js`]: 'require("../deep.js"); require("needed-by-page");',
    [`node_modules/dynamic/deep.js`]: "",
    [`node_modules/needed-by-page/package.json`]: part("needed-by-page"),
    [`node_modules/needed-by-page/index.js`]: "",
  });
  // One inode under two names, as pnpm's store has them.
  linkSync(join(project, "node_modules/direct/LICENSE"), join(project, "node_modules/both/LICENSE"));
  linkSync(join(project, "node_modules/both/require.cjs"), join(project, "node_modules/unused/a.js"));
});

const pathsOf = async (options: object): Promise<string[]> =>
  (await planPack({ path: project, node: "none", trace: ["server.js"], ...options })).entries.map(({ path }) => path);

describe("pack --trace", () => {
  test("T1: of packages what the script leads to goes in, with manifests and licences; own files all do, secrets do not", async () => {
    const paths = await pathsOf({});
    for (const path of ["direct/index.js", "direct/lib/used.js", "direct/package.json", "direct/LICENSE", "both/LICENSE", "both/sync.mjs"])
      expect(paths, path).toContain(`${IN}/${path}`);
    for (const path of ["direct/lib/unused.js", "direct/.env", "unused", "dynamic/templates/page.js"])
      expect(paths, path).not.toContain(`${IN}/${path}`);
    expect(paths).toContain("app/views/page.html");
  });

  test("T2: every file of a package says why it is in, and --keep keeps more", async () => {
    const { trace, manifest, leftOut, entries } = await planPack({
      path: project,
      node: "none",
      trace: ["server.js"],
      keep: ["node_modules/unused"],
    });
    const why = new Map(trace?.files.map((file) => [file.path, file.why]));
    expect(why.get(`${IN}/direct/index.js`)).toBe("imported by server.js");
    expect(why.get(`${IN}/direct/LICENSE`)).toBe("a licence of its package");
    expect(why.get(`${IN}/unused/index.js`)).toBe("--keep names it");
    const packed = entries.filter(({ type, path }) => type !== "directory" && path.startsWith(IN)).map(({ path }) => path);
    expect([...why.keys()].sort()).toEqual(packed.sort());
    expect(manifest.slim?.trace).toEqual({ entries: ["server.js"], records: 0, proved: false });
    expect(leftOut).toContainEqual(expect.objectContaining({ path: `${IN}/dynamic`, reason: "trace", files: 2 }));
  });

  test("T3: a recorded run brings what it touched, and that runs at another depth", async () => {
    const output = join(scratch, "run.json");
    expect((await record({ path: project, output, command: [process.execPath, join(project, "server.js")] })).status).toBe(0);
    const moved: Moved = await move(scratch, { node: smallNode(), path: project, trace: ["server.js"], records: [output] });
    expect(await moved.node("app/server.js")).toMatchObject({ stdout: "up\n" });
    expect(moved.has(`${IN}/unused`)).toBe(false);
    expect((await runMain("info", join(scratch, "moved.tar"))).stdout).toMatch(/^traced +from server.js and 1 recorded run; not proved/m);
  });

  test("T4: --prove brings back by name what the proof misses, and what was not proved is not written", async () => {
    const output = join(scratch, "proved.tar");
    const result: PackResult = await pack({ path: project, trace: ["server.js"], proveTrace: true, output });
    expect(result.trace).toMatchObject({ proved: true, broughtBack: [`${IN}/dynamic/templates/page`] });
    expect((await info({ path: output })).manifest.slim?.trace?.proved).toBe(true);
    expect(result.trace?.files.map(({ path }) => path)).toContain(`${IN}/needed-by-page/index.js`);
    writeFileSync(join(project, "fails.js"), 'require("fs").readFileSync("/no/such/file")');
    const bad = join(scratch, "bad.tar");
    const found = await pack({ path: project, trace: ["fails.js"], proveTrace: true, output: bad }).catch((error: unknown) => error);
    rmSync(join(project, "fails.js"));
    // What fails at the source too is no fault of the trace, but no proof of it either.
    expect(found).toMatchObject({ code: "TRACE_UNPROVED", message: expect.stringContaining("fails where it is packed too: fails.js") });
    expect(existsSync(bad)).toBe(false);
  }, 120_000);

  test("T12: --prove asks for what a page names, and brings back the folder that it is served from", async () => {
    const shown = join(scratch, "shown");
    writeFiles(shown, {
      "package.json": JSON.stringify({ name: "shown", version: "1.0.0", dependencies: { ui: "1.0.0" } }),
      "server.js": `const { existsSync, createReadStream } = require("fs"); const ui = require("ui");
        const page = '<base href="/docs/"><link href="app.css" rel=stylesheet><script async src=app.js?a=1&amp;b=2></script>' +
          '<img src="/gone.png"><a href="/other"></a><script src="https://example.org/x.js"></script>';
        require("http").createServer((request, response) => {
          const file = ui + request.url.replace(/^.docs|[?].*$/g, "");
          if (request.url === "/") response.setHeader("content-type", "text/html").end(page);
          else if (existsSync(file)) createReadStream(file).pipe(response);
          else response.writeHead(404).end();
        }).listen(Number(process.env.PORT));`,
      "node_modules/ui/package.json": JSON.stringify({ name: "ui", version: "1.0.0" }),
      "node_modules/ui/index.js": 'module.exports = require("path").join(process.env.NOT_THERE ? "" : __dirname, ["sta", "tic"].join(""));',
      "node_modules/ui/static/app.css": '@import "more/theme.css"',
      "node_modules/ui/static/app.js": 'import("./more/chunk.js"); require("../source")',
      "node_modules/ui/static/more/theme.css": "",
      "node_modules/ui/static/more/chunk.js": "",
      "node_modules/ui/source.js": "",
    });
    const output = join(scratch, "shown.tar");
    const { trace } = await pack({ path: shown, trace: ["server.js"], proveTrace: true, listen: "18474/", output });
    expect(trace?.broughtBack).toEqual(["docs/app.css"]);
    const files = trace?.files.flatMap(({ path }) => (path.includes("/ui/") ? [path.slice(`${IN}/ui/`.length)] : [])).sort();
    expect(files).toEqual(["index.js", "package.json", "static/app.css", "static/app.js", "static/more/chunk.js", "static/more/theme.css"]);
    const { runs } = await prove({ path: output, source: shown, entry: "server.js", listen: "18474/", save: false });
    // One is not there at the source either.
    expect(runs[0]?.trials.find(({ kind }) => kind === "entry")).toMatchObject({
      outcome: "ok",
      detail: expect.stringMatching(/^answered 200 on port 18474 with 2 of the 3 files that it names after /) as string,
    });
  }, 120_000);

  test.each([
    [["--trace", "none.js"], "there is no such script to trace"],
    [["--trace", "server.js", "--record", "none.json"], "error[RECORD_INVALID]"],
    [["--record", "none.json"], "a record is added to a trace"],
    [["--prove"], "--prove proves a trace"],
  ])("T5: %j is refused in one line with a hint", async (words, message) => {
    const { status, stderr } = await runMain("pack", project, "-o", join(scratch, "refused.tar"), ...words);
    expect(status).not.toBe(0);
    expect(stderr).toContain(message);
    expect(stderr.trim().split("\n").length).toBeLessThanOrEqual(3);
    expect(existsSync(join(scratch, "refused.tar"))).toBe(false);
  });
});

test("T6: what a proof misses is read off its reasons", () => {
  const meant = (reason: string, path: string): boolean => {
    const missing = missingOf(reason);
    return missing !== null && isMeant(missing, path);
  };
  expect(meant("app/node_modules/a/x is not in the environment", "app/node_modules/a/x.js")).toBe(true);
  expect(meant("app/node_modules/a/x is not in the environment", "app/node_modules/a/xy.js")).toBe(false);
  expect(meant("the package @s/a is not in the environment", "app/node_modules/@s/a/b.js")).toBe(true);
  expect(meant("the file ../x is not in the environment", "app/node_modules/a/x.js")).toBe(true);
  expect(missingOf("wants the network (EAI_AGAIN)")).toBeNull();
});
