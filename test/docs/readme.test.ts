import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import type { Command } from "commander";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { buildProgram } from "../../src/cli/program.js";
import { Session } from "../../src/cli/session.js";
import { scratchFolder } from "../scratch.js";

const ROOT = join(import.meta.dirname, "../..");
const PAGES = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", ...readdirSync(join(ROOT, "docs")).map((name) => `docs/${name}`)].filter(
  (page) => page.endsWith(".md"),
);
const { files }: { files: string[] } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

function read(page: string): string {
  return readFileSync(join(ROOT, page), "utf8");
}

/** Where a page's links lead to, from the project's root; addresses and places in the page itself aside. */
function linksOf(page: string): string[] {
  return [...read(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
    .map((match) => match[1] ?? "")
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => normalize(join(dirname(page), target)));
}

describe("N14: the README", () => {
  test("is read in two minutes", () => {
    const words = read("README.md").split(/\s+/).length;
    expect(words).toBeLessThan(700);
  });

  test("says what it is, how it is installed and how it is used, in this order", () => {
    const titles = [...read("README.md").matchAll(/^## (.*)$/gm)].map((match) => match[1]);
    expect(titles.slice(0, 2)).toEqual(["Install", "Five minutes"]);
  });

  test("what it and its pages link to is there, and what README links to is in the package", () => {
    for (const page of PAGES)
      for (const link of linksOf(page)) expect([page, link, existsSync(join(ROOT, link))]).toEqual([page, link, true]);
    const isPacked = (path: string): boolean => files.some((one) => path === one || path.startsWith(`${one}/`));
    expect(linksOf("README.md").filter((path) => !isPacked(path))).toEqual([]);
  });
});

describe("N2: programs in the pages compile under --strict", () => {
  const blocks = PAGES.flatMap((page) =>
    [...read(page).matchAll(/^```ts\n([^]*?)^```/gm)].map((match, at) => [`${page} ${at + 1}`, match[1] ?? ""] as const),
  );

  test("there is one at least", () => {
    expect(blocks.length).toBeGreaterThan(0);
  });

  const types = join(ROOT, "dist/index.d.ts");
  test.for(blocks)("%s", ([, text], { skip }) => {
    if (!existsSync(types)) skip("dist/ is not built");
    const scratch = scratchFolder("snippet");
    try {
      const file = join(scratch, "snippet.mts");
      writeFileSync(file, text);
      const program = ts.createProgram([file], {
        strict: true,
        noEmit: true,
        target: ts.ScriptTarget.ES2023,
        module: ts.ModuleKind.NodeNext,
        moduleResolution: ts.ModuleResolutionKind.NodeNext,
        types: ["node"],
        typeRoots: [join(ROOT, "node_modules/@types")],
        paths: { envpack: [types] },
        skipLibCheck: true,
      });
      const found = ts
        .getPreEmitDiagnostics(program)
        .filter(({ file }) => file === undefined || !relative(ROOT, file.fileName).startsWith("node_modules"));
      expect(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))).toEqual([]);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  });
});

test("docs/commands.md names every command and every option that has a long name", () => {
  const page = read("docs/commands.md");
  const missing: string[] = [];
  const visit = (command: Command, name: string): void => {
    for (const one of command.commands) {
      if (one.name() === "help") continue;
      if (!page.includes(`envpack ${one.name()}`) && !page.includes(`\`${one.name()}\``)) missing.push(one.name());
      visit(one, `${name} ${one.name()}`);
    }
    for (const { long, hidden } of command.options)
      if (!hidden && long !== undefined && long !== null && !page.includes(long)) missing.push(`${name} ${long}`);
  };
  visit(buildProgram(new Session(undefined)), "envpack");
  expect(missing).toEqual([]);
});
