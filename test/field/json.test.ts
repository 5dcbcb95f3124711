import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runMain } from "../cli/in-process.js";
import { scratchFolder } from "../scratch.js";

const ROOT = join(import.meta.dirname, "../..");
const SCHEMA_FILE = join(ROOT, "docs/json.schema.json");

interface Schema {
  readonly $defs: Readonly<Record<string, object>>;
}
interface Docs {
  makeSchema: () => Schema;
  makePage: (schema: Schema) => string;
}

const published: Schema = JSON.parse(readFileSync(SCHEMA_FILE, "utf8"));

/** The published schema, but with every field that it does not name refused: an undocumented one is a fault here. */
function strict(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(strict);
  if (typeof node !== "object" || node === null) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, strict(value)]));
  return "properties" in node ? { ...copy, additionalProperties: false } : copy;
}

const ajv = new Ajv2020({ allErrors: true });
ajv.addSchema(strict(published) as object, "envpack");

function validatorOf(shape: string): ValidateFunction {
  return ajv.compile({ $ref: `envpack#/$defs/${encodeURIComponent(shape)}` });
}

let scratch: string;
const home = process.cwd();

beforeAll(() => {
  scratch = scratchFolder("json");
  const write = (path: string, content: string): void => {
    mkdirSync(join(scratch, path, ".."), { recursive: true });
    writeFileSync(join(scratch, path), content);
  };
  const lock = {
    name: "shop",
    version: "1.0.0",
    lockfileVersion: 3,
    packages: { "": { name: "shop", version: "1.0.0", dependencies: { words: "1.0.0" } }, "node_modules/words": { version: "1.0.0" } },
  };
  write("shop/package.json", '{ "name": "shop", "version": "1.0.0", "dependencies": { "words": "1.0.0" } }');
  write("shop/package-lock.json", JSON.stringify(lock));
  write("shop/node_modules/.package-lock.json", JSON.stringify(lock));
  write("shop/node_modules/words/package.json", '{ "name": "words", "version": "1.0.0" }');
  write("shop/node_modules/words/index.js", "module.exports = 1;\n");
  // A secret, a cache and a file that names its own place: the lists of the result are not empty.
  write("shop/.env", "TOKEN=hush\n");
  write("shop/node_modules/.cache/x", "x");
  write("shop/config.txt", `root=${join(scratch, "shop")}/data\n`);
  process.chdir(scratch);
});
afterAll(() => {
  process.chdir(home);
});

describe("N9: what --json prints is what docs/json.schema.json says, with nothing left out and nothing more", () => {
  test("docs/json.schema.json and docs/json.md are up to date (npm run docs)", async () => {
    const { makeSchema, makePage } = (await import(pathToFileURL(join(ROOT, "src/cli/build-json-docs.mjs")).href)) as Docs;
    const schema = makeSchema();
    expect(JSON.parse(JSON.stringify(schema))).toEqual(published);
    expect(makePage(schema)).toBe(readFileSync(join(ROOT, "docs/json.md"), "utf8"));
  });

  // In this order: later ones use what earlier ones made. The status is that of the command without --json.
  test.each([
    ["pack --dry-run", ["pack", "shop", "--node", "none", "--dry-run"], 0],
    ["pack", ["pack", "shop", "--node", "none", "-o", "bare.tar"], 0],
    ["pack", ["pack", "shop", "--node", "none", "--exclude", "config.txt", "--for", "yarn", "-o", "whole.tar.gz"], 0],
    ["unpack", ["unpack", "whole.tar.gz", "env"], 0],
    ["list", ["list", "whole.tar.gz"], 0],
    ["list", ["list", "env"], 0],
    ["info", ["info", "whole.tar.gz"], 0],
    ["info", ["info", "env", "--verify"], 0],
    ["verify", ["verify", "whole.tar.gz"], 0],
    ["verify", ["verify", "env"], 0],
    ["doctor", ["doctor", "env"], null],
    ["doctor", ["doctor", "whole.tar.gz"], null],
    ["doctor", ["doctor"], null],
    ["relocate", ["relocate", "env"], 0],
    ["diff", ["diff", "whole.tar.gz", "env"], 0],
    ["diff", ["diff", "bare.tar", "whole.tar.gz"], 1],
    ["layer", ["layer", "bare.tar", "whole.tar.gz", "-o", "layer.tar"], 0],
    ["verify", ["verify", "layer.tar"], 0],
    ["deliver yarn --print", ["deliver", "yarn", "whole.tar.gz", "--to", "hdfs://namenode:8020/envs", "--print"], 0],
    ["pack", ["pack", "shop", "-o", "with-node.tar"], 0],
    ["info", ["info", "with-node.tar"], 0],
    ["deliver slurm", ["deliver", "slurm", "with-node.tar", "-o", "job.sh", "--", "node", "--json"], 0],
    ["error", ["info", "nowhere"], 1],
    ["error", ["unpack", "whole.tar.gz", "env"], 1],
    ["error", ["pack", "shop", "--node", "none", "-o", "bare.tar"], 1],
    ["error", ["pack", "--format", "rar"], 2],
    ["error", ["nope"], 2],
    ["error", ["diff", "bare.tar"], 2],
  ] as const)("%s: %j", async (shape, args, expected) => {
    const words = args as readonly string[];
    const at = words.includes("--") ? words.indexOf("--") : words.length;
    const { status, stdout } = await runMain(...words.slice(0, at), "--json", ...words.slice(at));
    const value: unknown = JSON.parse(stdout);
    const validate = validatorOf(shape);
    validate(value);
    expect(validate.errors ?? []).toEqual([]);
    // What doctor finds is the machine's.
    if (expected !== null) expect(status).toBe(expected);
  });

  test("what a changed file makes of verify and of a report is documented too", async () => {
    writeFileSync("env/app/node_modules/words/index.js", "module.exports = 2;\n");
    writeFileSync("env/app/more.txt", "more\n");
    for (const [shape, args] of [
      ["verify", ["verify", "env"]],
      ["info", ["info", "env", "--verify"]],
      ["verify", ["verify", "env", "--repair", "whole.tar.gz"]],
    ] as const) {
      const value = JSON.parse((await runMain(...args, "--json")).stdout);
      const validate = validatorOf(shape);
      validate(value);
      expect(validate.errors ?? []).toEqual([]);
      expect(value.differences.length + (value.repaired?.length ?? 0)).toBeGreaterThan(0);
    }
  });

  test("an error says the same on stderr, in words, and has a code, a path and a hint", async () => {
    const { stdout, stderr } = await runMain("info", "nowhere", "--json");
    const { error } = JSON.parse(stdout);
    expect(error).toEqual({
      code: "IO",
      message: expect.stringContaining("no such file"),
      path: expect.stringMatching(/nowhere$/),
      hint: expect.any(String),
    });
    expect(stderr).toContain(`error[IO] ${error.message}`);
  });

  test("without --json, and behind --, nothing of an error is on stdout", async () => {
    expect((await runMain("info", "nowhere")).stdout).toBe("");
    expect((await runMain("run", "nowhere", "--", "tool", "--json")).stdout).toBe("");
  });

  test("a machine whose report is an error is told by diff, with that error", async () => {
    writeFileSync("reports.json", (await runMain("info", "nowhere", "--json")).stdout);
    const { status, stderr } = await runMain("diff", "bare.tar", "reports.json");
    expect(status).toBe(1);
    expect(stderr).toMatch(/error\[REPORT_INVALID\] not a report of an environment: it tells of an error: IO cannot read/);
  });
});
