import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { applyFixups } from "../../src/relocate/apply.js";
import { has } from "../real/commands.js";
import { layOut, OLD_ROOT, temporaryFolder } from "../portable/small-environment.js";

/** Files by name in which the old place stands as a word that a reader takes apart, or a command that it runs. */
const WORDS: readonly (readonly [string, string])[] = [
  ["bin/a", `#!/bin/sh\ncd ${OLD_ROOT} && pwd\n`],
  ["app/run.sh", `exec ${OLD_ROOT}/bin/node x.js\n`],
  ["app/eval.sh", `eval "${OLD_ROOT}/bin/x"\n`],
  ["app/inner.sh", `bash -c "${OLD_ROOT}/bin/x"\n`],
  ["app/nested.sh", `sh -c 'cd ${OLD_ROOT} && pwd'\n`],
  ["app/between.sh", `echo "a"${OLD_ROOT}"b"\n`],
  ["app/multi.sh", `echo "one\n"${OLD_ROOT}"\n"\n`],
  ["app/here.sh", `bash <<EOF\ncd ${OLD_ROOT} && pwd\nEOF\n`],
  ["app/x.csh", `cd ${OLD_ROOT}; pwd\n`],
  ["app/x.fish", `cd ${OLD_ROOT}; pwd\n`],
  ["app/x.bat", `cd /d ${OLD_ROOT}\r\n`],
  ["app/x.ps1", `Set-Location ${OLD_ROOT}\n`],
  ["app/Makefile", `all:\n\tcd ${OLD_ROOT} && ls\n`],
  ["app/rules.mk", `DIR = ${OLD_ROOT}\n`],
  ["app/package.json", `{"scripts":{"x":"cd ${OLD_ROOT} && ls","y":"${OLD_ROOT}/bin/x"}}`],
  ["app/tasks.json", `{"command":"${OLD_ROOT}/bin/x", "run": "cd ${OLD_ROOT} && ls"}`],
  ["app/a.js", `require("child_process").execSync("cd ${OLD_ROOT} && ls");\n`],
  ["app/b.js", `execSync("${OLD_ROOT}/bin/x");\n`],
  ["app/c.js", `const sh = \`cd ${OLD_ROOT} && ls\`;\n`],
  ["app/d.js", `const sh = 'sh -c "${OLD_ROOT}/bin/x"';\n`],
  ["app/ci.yml", `run: cd ${OLD_ROOT} && ls\nscript:\n  - "${OLD_ROOT}/x && y"\n`],
  ["app/x.py", `os.system("${OLD_ROOT}/bin/x")\n`],
  ["app/unknown", `cd ${OLD_ROOT} && ls\n`],
];

/** Characters of a new place that a word cannot take; `%` and others only in some languages. */
const CHARACTERS = [";", "&", "|", ">", "<", "*", "?", "$", "`", '"', "'", "\\", " ", "(", "#", "!", "{", "["];

describe.each(CHARACTERS)("55: a new place that holds %j", (character) => {
  test("is not written where it would be a word or a command: each place is told, the file stays as it was, and is found again", async () => {
    const folder = temporaryFolder();
    const entries = layOut(folder, Object.fromEntries(WORDS));
    const done = await applyFixups(folder, { root: `/srv/a${character}b`, entries });
    for (const [path, content] of WORDS) {
      expect([path, readFileSync(join(folder, path), "utf8")]).toEqual([path, content]);
      expect(
        done.unfit.filter((one) => one.path === path).map(({ reason }) => reason),
        path,
      ).toContainEqual(expect.stringMatching(/^cannot take a path with/));
    }
    expect(done.places).toBe(0);
    // A second place that fits is written, and the way back is found too.
    const second = await applyFixups(folder, { root: "/srv/plain", entries });
    expect(second.unfit).toEqual([]);
    expect((await applyFixups(folder, { root: OLD_ROOT, entries })).unfit).toEqual([]);
    for (const [path, content] of WORDS) expect(readFileSync(join(folder, path), "utf8")).toBe(content);
  });
});

const NASTY = "/srv/a b;c&d|e*f'g\"h\\i(j)";

/** Strings that are nothing but a path, in languages that can write any path, and what reads them. */
const STRINGS: readonly (readonly [string, string, (text: string) => string])[] = [
  ["app/a.json", `{"dir": "${OLD_ROOT}/x"}`, (text) => (JSON.parse(text) as { dir: string }).dir],
  ["app/escaped.json", `{"dir": "${OLD_ROOT.replaceAll("/", "\\/")}\\/x"}`, (text) => (JSON.parse(text) as { dir: string }).dir],
  ["app/double.cjs", `module.exports = "${OLD_ROOT}/x";`, evaluate],
  ["app/single.cjs", `module.exports = '${OLD_ROOT}/x';`, evaluate],
  ["app/list.cjs", `module.exports = ['${OLD_ROOT}/x', 1][0];`, evaluate],
  ["app/a.ini", `dir = ${OLD_ROOT}/x\n`, (text) => text.slice(6, -1)],
];

function evaluate(text: string): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "m.cjs"), text);
  return execFileSync(process.execPath, ["-p", "require('./m.cjs')"], { cwd: folder, encoding: "utf8" }).trimEnd();
}

describe("55: a string that holds nothing but a path", () => {
  test.each(STRINGS)("in %s takes any new place, and gives it to who reads it", async (path, content, read) => {
    const root = path.endsWith(".ini") ? "/srv/a b;c&d|e*f" : NASTY;
    const folder = temporaryFolder();
    const entries = layOut(folder, { [path]: content });
    expect(await applyFixups(folder, { root, entries })).toMatchObject({ places: 1, unfit: [] });
    expect(read(readFileSync(join(folder, path), "utf8"))).toBe(`${root}/x`);
    await applyFixups(folder, { root: OLD_ROOT, entries });
    expect(readFileSync(join(folder, path), "utf8")).toBe(content);
  });

  test("of a shell takes spaces and what quotes protect, and runs nothing", async () => {
    const folder = temporaryFolder();
    const script = `#!/bin/sh\n# don't be misled\nexport P="${OLD_ROOT}/lib:${OLD_ROOT}/bin:$P"\nprintf '%s\\n' "$P" '${OLD_ROOT}/x'\n`;
    const entries = layOut(folder, { "bin/x": script });
    const root = join(folder, "new a;touch owned;b&c|d*e");
    mkdirSync(root);
    expect((await applyFixups(folder, { root, entries })).unfit).toEqual([]);
    for (const shell of ["sh", "bash", "dash", "ksh", "zsh"].filter(has)) {
      expect(execFileSync(shell, [join(folder, "bin/x")], { cwd: root, encoding: "utf8", env: { PATH: process.env.PATH } })).toBe(
        `${root}/lib:${root}/bin:\n${root}/x\n`,
      );
    }
    expect(existsSync(join(root, "owned"))).toBe(false);
  });
});

test.each([
  ["app/x.bat", `set X=${OLD_ROOT}\r\n`, "/srv/a%b"],
  ["app/x.ps1", `"x ${OLD_ROOT}"\n`, "/srv/a\u201db"],
  ["app/Makefile", `X = ${OLD_ROOT}\n`, "/srv/a:b"],
  ["app/x.csh", `echo "${OLD_ROOT}"\n`, "/srv/a!b"],
])("55: what means something to one reader only is no part of a place there: %s", async (path, content, root) => {
  const folder = temporaryFolder();
  const entries = layOut(folder, { [path]: content });
  expect((await applyFixups(folder, { root, entries })).unfit).toHaveLength(1);
  expect(readFileSync(join(folder, path), "utf8")).toBe(content);
});

describe("the first line of a script", () => {
  test.each([
    [`#!${OLD_ROOT}/bin/node\n`, "/srv/a b", "spaces"],
    [`#! ${OLD_ROOT}/bin/node\n`, "/srv/a b", "spaces"],
    [`#!${OLD_ROOT}/bin/node\n`, `/srv/${"n".repeat(196)}`, "of that length"],
    [`#! ${OLD_ROOT}/bin/node\n`, `/srv/${"n".repeat(300)}`, "of that length"],
  ])("%j cannot take %j", async (content, root, reason) => {
    const folder = temporaryFolder();
    const entries = layOut(folder, { "bin/x": content });
    expect((await applyFixups(folder, { root, entries })).unfit).toEqual([
      expect.objectContaining({ path: "bin/x", reason: expect.stringContaining(reason) }),
    ]);
    expect(readFileSync(join(folder, "bin/x"), "utf8")).toBe(content);
  });

  test("takes 200 bytes", async () => {
    const folder = temporaryFolder();
    const entries = layOut(folder, { "bin/x": `#!${OLD_ROOT}/bin/node\n` });
    const root = `/srv/${"n".repeat(195)}`;
    expect(await applyFixups(folder, { root, entries })).toMatchObject({ places: 1, unfit: [] });
  });
});
