import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { pack, prove, record, type PackOptions } from "../../src/index.js";
import { writeFiles } from "../evidence/prove/shop.js";
import { has, makeScratch } from "../real/commands.js";

const scratch = makeScratch();
const project = join(scratch, "served");
const PAGE = "app/node_modules/lazy/templates/page.js";

/** A server that never ends, and loads what its pages want when they are asked for, from paths that no trace can see. */
beforeAll(() => {
  const json = (name: string): string => JSON.stringify({ name, version: "1.0.0" });
  writeFiles(project, {
    "package.json": JSON.stringify({ name: "served", version: "1.0.0", dependencies: { lazy: "1.0.0", odd: "1.0.0" } }),
    "node_modules/lazy/package.json": json("lazy"),
    "node_modules/lazy/index.js":
      'exports.page = (n) => require(require("path").join(process.env.NOT_THERE ? "" : __dirname, ["tem", "plates"].join(""), n));',
    "node_modules/lazy/templates/page.js": "module.exports = 'page';",
    "node_modules/odd/package.json": json("odd"),
    "node_modules/odd/index.js":
      'exports.page = () => { if (!require("fs").existsSync(require("path").join(process.env.NOT_THERE ? "" : __dirname, ["da", "ta"].join("")))) throw new Error("no pages today"); return "odd"; };',
    "node_modules/odd/data/a.bin": "x",
    // It asks first for a module that no trace sees, and one of its pages is broken wherever it runs.
    "broken.js": `require.resolve(Buffer.from("bGF6eS90ZW1wbGF0ZXMvcGFnZQ==", "base64").toString());
require("http").createServer((request, response) => response.writeHead(request.url === "/page" ? 500 : 200).end()).listen(Number(process.env.PORT));`,
    "server.js": `const pages = { "/health": () => "ok", "/page": () => require("lazy").page("page"), "/odd": () => require("odd").page() };
require("http").createServer((request, response) => {
  try { response.end(pages[request.url]()); } catch (error) { console.error(error); response.writeHead(500).end(); }
}).listen(Number(process.env.PORT));`,
  });
});

const packProved = (name: string, options: PackOptions): ReturnType<typeof pack> =>
  pack({ path: project, node: "none", ignoreLock: true, trace: ["server.js"], proveTrace: true, output: join(scratch, name), ...options });

test("T7: of a server that never ends every page that was named is asked, and what they miss comes back", async ({ skip }) => {
  if (!has("bwrap")) skip("bubblewrap is not installed");
  const found = await packProved("pages.tar", { listen: ["8080/health", "8080/page"] });
  expect(found.trace).toMatchObject({ proved: true, broughtBack: ["app/node_modules/lazy/templates/page"] });
  expect(found.trace?.files.map(({ path }) => path)).toContain(PAGE);
  const { ok, runs } = await prove({
    path: join(scratch, "pages.tar"),
    entry: "server.js",
    listen: ["8080/health", "8080/page"],
    save: false,
  });
  expect([ok, runs[0]?.trials.find(({ kind }) => kind === "entry")?.detail]).toEqual([
    true,
    expect.stringMatching(/^answered all 2 requests after /),
  ]);
  const asked = await prove({ path: join(scratch, "pages.tar"), entry: "server.js", listen: ["8080/health", "8080/odd"], save: false });
  expect(asked.runs[0]?.trials.find(({ kind }) => kind === "entry")).toMatchObject({
    outcome: "failed",
    detail: expect.stringMatching(/^did not answer on port 8080 for \/odd \(answered 500\) after /),
  });
}, 240_000);

test("T8: what the proof cannot name is not written (TRACE_UNPROVED); a recorded run, or --keep, cures it", async ({ skip }) => {
  if (!has("bwrap")) skip("bubblewrap is not installed");
  const asked = { listen: ["8080/odd"] };
  await expect(packProved("odd.tar", asked)).rejects.toMatchObject({
    code: "TRACE_UNPROVED",
    message: expect.stringContaining("no pages today"),
    hint: expect.stringMatching(/envpack record .*--record FILE.*--keep/),
  });
  expect(existsSync(join(scratch, "odd.tar"))).toBe(false);
  const output = join(scratch, "odd.json");
  const visit =
    "require('odd').page(); require('fs').readdirSync('node_modules/odd/data').forEach((n) => require('fs').readFileSync('node_modules/odd/data/' + n))";
  await record({ path: project, output, command: ["sh", "-c", `cd "$0" && exec "$1" -e "$2"`, project, process.execPath, visit] });
  expect((await packProved("recorded.tar", { ...asked, records: [output] })).trace).toMatchObject({ proved: true, broughtBack: [] });
  expect((await packProved("kept.tar", { ...asked, keep: ["node_modules/odd/data"] })).trace?.proved).toBe(true);
}, 240_000);

test("T10: that a page fails where it is packed too hides nothing: what is missing comes back, and the page is no proof", async ({
  skip,
}) => {
  if (!has("bwrap")) skip("bubblewrap is not installed");
  const trace = ["broken.js"];
  const { trace: traced } = await packProved("healthy.tar", { trace, listen: ["8080/health"] });
  expect(traced).toMatchObject({ proved: true, broughtBack: ["lazy/templates/page"] });
  await expect(packProved("broken.tar", { trace, listen: ["8080/health", "8080/page"] })).rejects.toMatchObject({
    code: "TRACE_UNPROVED",
    message: expect.stringMatching(/fails where it is packed too: .* did not answer on port 8080 for \/page \(answered 500\)/),
    hint: expect.stringContaining("--listen"),
  });
  expect(existsSync(join(scratch, "broken.tar"))).toBe(false);
  const unproved = { path: join(scratch, "unproved.tar"), entry: "broken.js", source: project, save: false } as const;
  await pack({ path: project, node: "none", ignoreLock: true, trace, output: unproved.path });
  const { ok, runs } = await prove({ ...unproved, listen: ["8080/health", "8080/page"] });
  expect([ok, runs[0]?.trials.find(({ kind }) => kind === "entry")]).toEqual([
    false,
    expect.objectContaining({ outcome: "failed", reason: "the package lazy/templates/page is not in the environment" }),
  ]);
}, 240_000);

test("T9: pages to ask without a proof, and places that are none, are refused before anything is packed", async () => {
  const output = join(scratch, "refused.tar");
  await expect(pack({ path: project, output, listen: "8080" })).rejects.toMatchObject({
    code: "USAGE",
    hint: expect.stringContaining("--prove"),
  });
  await expect(packProved("refused.tar", { listen: ["8080", "here"] })).rejects.toMatchObject({
    code: "USAGE",
    hint: "write it as 8080/health",
  });
  expect(existsSync(output)).toBe(false);
});

test("T13: a member of a workspace is compared with itself at the source, and what is missing is read off an answer too", async ({
  skip,
}) => {
  if (!has("bwrap")) skip("bubblewrap is not installed");
  const workspace = join(scratch, "workspace");
  const json = (name: string, more: object = {}): string => JSON.stringify({ name, version: "1.0.0", ...more });
  writeFiles(workspace, {
    "package.json": json("all", { private: true, workspaces: ["packages/*"] }),
    "node_modules/texts/package.json": json("texts"),
    "node_modules/texts/index.js": "exports.in = (name) => require('texts/' + Buffer.from(name, 'base64'));",
    "node_modules/texts/de.js": "module.exports = 'hallo';",
    "packages/web/package.json": json("web", { dependencies: { texts: "1.0.0" } }),
    // As frameworks do, it says nothing on its streams, and escapes what it answers.
    "packages/web/server.js": `const { in: text } = require("texts");
require("http").createServer((request, response) => {
  try { response.end(text("ZGU=")); } catch ({ message }) { response.writeHead(500).end(JSON.stringify({ message })); }
}).listen(Number(process.env.PORT));`,
  });
  const path = join(workspace, "packages/web");
  const unproved = join(scratch, "member.tar");
  const options = { path, node: "none", ignoreLock: true, trace: ["server.js"] } as const;
  await pack({ ...options, output: unproved });
  for (const source of [path, workspace]) {
    const { ok, runs } = await prove({ path: unproved, source, entry: "server.js", listen: "8080", save: false });
    expect([ok, runs[0]?.trials.find(({ kind }) => kind === "entry")]).toEqual([
      false,
      expect.objectContaining({ outcome: "failed", reason: "the package texts/de is not in the environment" }),
    ]);
  }
  const { trace } = await pack({ ...options, proveTrace: true, listen: "8080", output: join(scratch, "member-proved.tar") });
  expect(trace).toMatchObject({ proved: true, broughtBack: ["texts/de"] });
}, 240_000);
