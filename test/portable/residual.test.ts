import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Residual } from "../../src/index.js";
import { isGeneralPlace } from "../../src/scan/roots.js";
import { compileRoots, scanContent } from "../../src/scan/scan.js";
import { writeProject } from "../faults/project.js";
import { envpack, execute, has, makeScratch, type Outcome } from "../real/commands.js";

const scratch = makeScratch();
const home = join(scratch, "people/alice");
const store = join(scratch, "stores/v10");
const project = join(home, "work/shop");
const archive = join(scratch, "shop.tar.gz");

const FILES: Readonly<Record<string, string>> = {
  "server.js": `const cache = "${home}/.cache/x";\nconst own = "${project}/data";\n`,
  "escaped.js": `const x = "${home.replaceAll("/", "\\/")}\\/y";\n`,
  "start.sh": `#!${home}/bin/node\n`,
  "config.json": `{"url": "file://${home}/x", "store": "${store}/files/00"}\n`,
  "bundle.js.map": `{"sources":["${home}/src/a.ts"]}\n`,
  "node_modules/a/package.json": `{"name":"a","version":"1.0.0","_where":"${home}/other"}\n`,
  "node_modules/a/README.md": `see ${home}/x\n`,
  "node_modules/a/data.bin": `\0${home}/x\0`,
  "node_modules/a/other.js": `"${home}2/x"; "/mnt${home}/y"; "${home}-old"; "${project}/data";\n`,
};

let packed: Outcome;
let residuals: ReadonlyMap<string, Residual>;

beforeAll(() => {
  writeProject(project);
  for (const [path, content] of Object.entries(FILES)) {
    mkdirSync(dirname(join(project, path)), { recursive: true });
    writeFileSync(join(project, path), content);
  }
  chmodSync(join(project, "start.sh"), 0o755);
  mkdirSync(join(project, "node_modules/.pnpm"), { recursive: true });
  writeFileSync(
    join(project, "node_modules/.modules.yaml"),
    JSON.stringify({ layoutVersion: 5, storeDir: store, packageManager: "pnpm@10.34.0" }),
  );
  writeFileSync(join(project, "pnpm-lock.yaml"), "lockfileVersion: '9.0'\n");
  const options = { env: { ...process.env, HOME: home } };
  const asJson = envpack(["pack", project, "--node", "none", "--json", "-o", archive], options);
  expect(asJson.stderr).not.toContain("error");
  residuals = new Map((JSON.parse(asJson.stdout) as { residuals: Residual[] }).residuals.map((one) => [one.path, one]));
  packed = envpack(["pack", project, "--node", "none", "-f", "-o", archive], options);
});

describe("files that name folders of the packing machine which are not packed", () => {
  test.each([
    ["app/server.js", "program text", ["home"], false],
    ["app/escaped.js", "program text", ["home"], false],
    ["app/start.sh", "first line of a script", ["home"], false],
    ["app/config.json", "settings", ["home", "package store"], false],
    ["app/node_modules/a/data.bin", "binary data", ["home"], false],
    ["app/bundle.js.map", "source map", ["home"], true],
    ["app/node_modules/a/package.json", "package manager's record", ["home"], true],
    ["app/node_modules/a/README.md", "documentation", ["home"], true],
  ])("%s: %s", (path, name, names, harmless) => {
    expect(residuals.get(path)).toMatchObject({ class: name, names, harmless });
  });

  test("are just these: what is the environment's own is rewritten, what only begins alike is another folder", () => {
    expect([...residuals.keys()].sort()).toEqual(
      Object.keys(FILES)
        .filter((path) => !path.endsWith("other.js"))
        .map((path) => `app/${path}`)
        .sort(),
    );
    expect(residuals.get("app/server.js")?.places).toBe(1);
  });

  test("are counted by class in the summary, and what is harmless in one line", () => {
    expect(packed.stderr).toMatch(/^still naming folders of this machine that are not packed:$/m);
    expect(packed.stderr).toMatch(/^ {2}2 files: program text \(home\): .*: app\/escaped\.js, app\/server\.js$/m);
    expect(packed.stderr).toMatch(/^ {2}1 file: first line of a script \(home\): .*: app\/start\.sh$/m);
    expect(packed.stderr.match(/^ {2}harmless: .*/gm)).toHaveLength(1);
  });

  test("leave no trace of the packer in what is said and in envpack's own records", () => {
    expect(packed.stderr.replace(/^packed .*|^next: .*/gm, "")).not.toContain(home);
    const folder = join(scratch, "out");
    expect(envpack(["unpack", "-q", archive, folder]).status).toBe(0);
    for (const name of ["manifest.json", "fixups.jsonl"])
      expect(readFileSync(join(folder, ".envpack", name), "utf8")).not.toContain("alice");
  });

  test("do not change the archive: another user's is the same", () => {
    const other = join(scratch, "other.tar.gz");
    expect(
      envpack(["pack", project, "--node", "none", "-q", "-o", other], { env: { ...process.env, HOME: "/nonexistent/bob" } }).status,
    ).toBe(0);
    expect(readFileSync(other).equals(readFileSync(archive))).toBe(true);
  });
});

test.skipIf(!has("gcc"))("a native library that looks for others in the home is told apart from one that was compiled there", () => {
  const folder = join(scratch, "native/shop");
  writeProject(folder);
  mkdirSync(join(folder, "node_modules/n"), { recursive: true });
  writeFileSync(join(folder, "node_modules/n/package.json"), '{"name":"n","version":"1.0.0"}');
  for (const [name, flags] of [
    ["searches.so", [`-Wl,-rpath,${home}/lib`]],
    ["compiled.so", []],
  ] as const) {
    const source = join(scratch, "x.c");
    writeFileSync(source, `const char *where(void) { return "${home}/src/x.c"; }\n`);
    expect(execute("gcc", ["-shared", "-fPIC", ...flags, "-o", join(folder, "node_modules/n", name), source]).status).toBe(0);
  }
  const { stdout } = envpack(["pack", folder, "--node", "none", "--json", "-o", join(scratch, "native.tar.gz")], {
    env: { ...process.env, HOME: home },
  });
  const classes = new Map(
    (JSON.parse(stdout) as { residuals: Residual[] }).residuals.map((one) => [one.path.split("/").at(-1), one.class]),
  );
  expect(classes).toEqual(
    new Map([
      ["compiled.so", "strings of a native program"],
      ["searches.so", "search path of a native library"],
    ]),
  );
});

test.each([
  ["/home/alice", false],
  ["/Users/alice", false],
  ["/home/runner", true],
  ["/home/node", true],
  ["/root", true],
  ["/home", true],
  ["/", true],
  ["/usr/local", true],
  ["/opt/node-v22", false],
])("whether %s is too common to be told from foreign text: %s", (path, general) => {
  expect(isGeneralPlace(path)).toBe(general);
  const found = scanContent(Buffer.from(`x "${path}/y" z`), compileRoots([{ path, arcpath: "", foreign: "home" }]));
  expect(found).toHaveLength(general ? 0 : 1);
});
