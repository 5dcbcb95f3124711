import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseDocument } from "yaml";

const ROOT = join(import.meta.dirname, "../..");
const GITHUB = join(ROOT, ".github");
const pages = readdirSync(GITHUB, { recursive: true, encoding: "utf8" }).filter((name) => /\.ya?ml$/.test(name));
const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

/** A page as GitHub reads it; what it holds is what the test looks at. */
function read(name: string): ReturnType<typeof JSON.parse> {
  const document = parseDocument(readFileSync(join(GITHUB, name), "utf8"), { uniqueKeys: true });
  expect([...document.errors, ...document.warnings]).toEqual([]);
  return document.toJS();
}

/** The commands that a workflow runs. */
function commandsOf(name: string): string[] {
  const jobs: { steps: { run?: string }[] }[] = Object.values(read(name).jobs);
  return jobs.flatMap(({ steps }) => steps.flatMap(({ run }) => (run === undefined ? [] : [run])));
}

test.each(pages)("%s is YAML, without a key twice", (name) => {
  expect(read(name)).toBeTypeOf("object");
});

describe("the workflows", () => {
  test("run what .ci/run runs on Node.js 22, 24 and 26, and on arm64", () => {
    expect(commandsOf("workflows/test.yml").some((line) => line.endsWith(" .ci/run"))).toBe(true);
    expect(statSync(join(ROOT, ".ci/run")).mode & 0o111).not.toBe(0);
    const { matrix } = read("workflows/test.yml").jobs.test.strategy;
    expect(matrix.node).toEqual([22, 24, 26]);
    expect(matrix.include).toEqual([expect.objectContaining({ runner: expect.stringMatching(/-arm$/) })]);
  });

  test("call targets of the Makefile and scripts of package.json that there are", () => {
    const targets = new Set([...readFileSync(join(ROOT, "Makefile"), "utf8").matchAll(/^([a-z-]+):/gm)].map((match) => match[1]));
    const lines = readdirSync(join(GITHUB, "workflows"))
      .flatMap((name) => commandsOf(`workflows/${name}`))
      .flatMap((text) => text.split("\n"));
    const made = lines.filter((line) => line.startsWith("make ")).flatMap((line) => line.split(" ").slice(1));
    expect(made.length).toBeGreaterThan(2);
    expect(made.filter((target) => !targets.has(target))).toEqual([]);
    const scripts = lines.flatMap((line) => /^npm run (\S+)/.exec(line)?.[1] ?? []);
    expect(scripts.filter((script) => !(script in manifest.scripts))).toEqual([]);
  });

  test("publish with provenance, and may write nothing else", () => {
    expect(commandsOf("workflows/release.yml")).toContain("npm publish --provenance --access public");
    const { permissions, jobs } = read("workflows/release.yml");
    expect(permissions).toEqual({ contents: "read" });
    expect(jobs.publish.permissions).toEqual({ contents: "read", "id-token": "write" });
    expect(manifest.scripts.prepublishOnly).toContain("npm test");
  });
});

test.each(["bug", "feature"])("the form %s has the fields that GitHub asks of one", (name) => {
  const form = read(`ISSUE_TEMPLATE/${name}.yml`);
  expect(form).toMatchObject({ name: expect.any(String), description: expect.any(String), body: expect.any(Array) });
  const ids: string[] = form.body.map((one: { id: string }) => one.id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const one of form.body)
    expect([one.type, one.attributes.label]).toEqual([expect.stringMatching(/^(textarea|input|dropdown|checkboxes)$/), expect.any(String)]);
  if (name === "bug") expect(ids).toContain("doctor");
});
