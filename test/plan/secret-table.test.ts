import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { readEnvironment } from "../../src/environment/read.js";
import { planArchive } from "../../src/plan/plan-archive.js";
import type { Plan } from "../../src/plan/plan.js";
import { leftOutLines } from "../../src/cli/left-out-text.js";
import { makeFolder, writeTree } from "../environment/tree.js";
import { INNOCENTS, KEY_TEXT, PLANTS } from "./secret-plants.js";

const scratch = makeFolder();

async function planOf(folder: string, includeSecrets: string[] = []): Promise<Plan> {
  return planArchive(await readEnvironment(folder, { node: "none" }), { rules: [], omitDev: false, includeSecrets, output: null });
}

/** Each file in a folder of its own, since some paths begin like others. */
function plant(folder: string, files: readonly (readonly [string, string | Uint8Array])[]): Map<string, string> {
  const places = new Map(files.map(([path], index) => [path.startsWith("node_modules/") ? path : `p/${index}/${path}`, path]));
  writeTree(folder, { "package.json": { name: "p", version: "1.0.0" }, "node_modules/a/package.json": { name: "a", version: "1.0.0" } });
  let index = 0;
  for (const [path, content] of files) {
    const place = path.startsWith("node_modules/") ? path : `p/${index}/${path}`;
    writeTree(folder, { [place]: content });
    index++;
  }
  return places;
}

describe("secrets that are planted", () => {
  let files: ReadonlySet<string>;
  let left: Plan["leftOut"];
  beforeAll(async () => {
    const folder = join(scratch, "plants");
    mkdirSync(folder);
    plant(folder, PLANTS);
    const plan = await planOf(folder);
    files = new Set(plan.entries.filter(({ type }) => type === "file").map(({ path }) => path));
    left = plan.leftOut;
  });

  test("are at least 120", () => {
    expect(new Set(PLANTS.map(([path]) => path)).size).toBeGreaterThanOrEqual(120);
  });

  test.each(PLANTS.map(([path], index) => [path, index] as const))("%s stays behind, and the list names it", (path, index) => {
    const place = `app/p/${index}/${path}`;
    expect(files.has(place)).toBe(false);
    const named = left.filter(({ path: one }) => place === one || place.startsWith(`${one}/`));
    expect(named.map(({ reason }) => reason)).toEqual(["secret"]);
  });

  test("nothing else is gone, and what is printed names every one", () => {
    expect([...files].sort()).toEqual(["app/node_modules/a/package.json", "app/package.json"]);
    const text = leftOutLines(left).join("\n");
    expect(left.filter(({ path }) => !text.includes(path))).toEqual([]);
  });
});

describe("what only looks like a secret", () => {
  let files: ReadonlySet<string>;
  let notices: readonly string[];
  beforeAll(async () => {
    const folder = join(scratch, "innocents");
    mkdirSync(folder);
    plant(folder, INNOCENTS);
    const plan = await planOf(folder);
    files = new Set(plan.entries.filter(({ type }) => type === "file").map(({ path }) => path));
    notices = plan.notices.map(({ message }) => message);
  });

  test.each(INNOCENTS.map(([path], index) => [path, index] as const))("%s goes in", (path, index) => {
    expect(files.has(path.startsWith("node_modules/") ? `app/${path}` : `app/p/${index}/${path}`)).toBe(true);
  });

  test("and what packages publish under such names is counted, once", () => {
    expect(notices.filter((message) => message.includes("publish 2 files named like"))).toHaveLength(1);
  });
});

describe("a key in the text of a program", () => {
  test("stops the packing, as the program cannot do without the file; each way of the hint leads on", async () => {
    const folder = writeTree(join(scratch, "program"), {
      "package.json": { name: "p" },
      "src/sign.js": `module.exports = \`${KEY_TEXT}\`;\n`,
      "src/line.ts": `export const key = "${KEY_TEXT.replaceAll("\n", "\\n")}";\n`,
    });
    await expect(planOf(folder)).rejects.toMatchObject({
      code: "SECRET_FOUND",
      hint: expect.stringMatching(/--exclude \/src\/.*--include-secret src\//),
    });
    const plan = await planOf(folder, ["src/sign.js", "src/line.ts"]);
    expect(plan.includedSecrets).toEqual(["app/src/line.ts", "app/src/sign.js"]);
    const environment = await readEnvironment(folder, { node: "none" });
    const rules = ["/src/sign.js", "/src/line.ts"].map((pattern) => ({ action: "exclude", pattern }) as const);
    await expect(planArchive(environment, { rules, omitDev: false, includeSecrets: [], output: null })).resolves.toBeDefined();
  });
});

describe("a key mark across two pieces of a large file", () => {
  test.each([1, 5, 10, 11, 12])("is found %d bytes before the border", async (before) => {
    const folder = writeTree(join(scratch, `border-${before}`), {
      "package.json": { name: "p" },
      "big.pem": `${" ".repeat((1 << 20) - before)}PRIVATE KEY${" ".repeat(100)}`,
    });
    expect((await planOf(folder)).leftOut).toMatchObject([{ path: "app/big.pem", kind: "private key" }]);
  });
});

describe("a search that is stopped", () => {
  // A short file is read at once, a lockfile and what may be a key in pieces: each looks at the signal by itself.
  test.each(["deploykey", "package.json", "a.pem"])("56: ends at once where the signal says so, at %s", async (name) => {
    const folder = writeTree(join(scratch, `stopped-${name}`), { "package.json": { name: "p" }, "a.pem": "x", deploykey: "x".repeat(500) });
    const environment = await readEnvironment(folder, { node: "none" });
    const controller = new AbortController();
    controller.abort();
    const { leaveOutSecretFiles } = await import("../../src/plan/secret-files.js");
    const { entries } = await planArchive(environment, { rules: [], omitDev: false, includeSecrets: [], output: null });
    const chosen = entries.filter(({ path }) => path === `app/${name}`);
    expect(chosen).toHaveLength(1);
    const results = [{ entries: chosen, leftOut: [], includedSecrets: [], inodes: new Map() }];
    await expect(leaveOutSecretFiles(results, { folder: "app", isProject: true, signal: controller.signal })).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
  });
});
