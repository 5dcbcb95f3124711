import { describe, expect, test } from "vitest";
import type { PlannedEntry } from "../../src/archive/entry.js";
import { copyHardLinks, copyLinks } from "../../src/plan/zip-links.js";
import type { Notice } from "../../src/support/progress.js";

const folder = (path: string): PlannedEntry => ({ type: "directory", path });
const link = (path: string, target: string): PlannedEntry => ({ type: "symlink", path, target });
const file = (path: string, content = "1", executable = false): PlannedEntry => {
  const bytes = Buffer.from(content);
  return { type: "file", path, executable, size: bytes.length, source: { kind: "bytes", bytes } };
};

/** What a zip holds, by path, and the notices. */
function copy(entries: readonly PlannedEntry[]): { readonly held: Map<string, string>; readonly notices: readonly Notice[] } {
  const { entries: copied, notices } = copyLinks(entries, (at, { path }) => Buffer.from(`launcher in ${at} of ${path}`));
  const paths = copied.map(({ path }) => path);
  expect(paths).toEqual([...paths].sort());
  expect(new Set(paths).size).toBe(paths.length);
  return { held: new Map(copied.map((entry) => [entry.path, describeEntry(entry)])), notices };
}

function describeEntry(entry: PlannedEntry): string {
  if (entry.type !== "file") return entry.type;
  return `${entry.executable ? "x" : "f"} ${entry.source.kind === "bytes" ? Buffer.from(entry.source.bytes).toString() : ""}`;
}

const refusal = (entries: readonly PlannedEntry[]): unknown => {
  try {
    copy(entries);
    return null;
  } catch (error) {
    const { code, path, message, hint } = error as { code: string; path: string; message: string; hint: string };
    expect(hint).toContain("--zip-symlinks");
    return { code, path, message };
  }
};

/** What makes a copy small beside the rest. */
const BULK = [file("z", "z".repeat(5000)), ...Array.from({ length: 20 }, (_, at) => file(`z${at}`))];
const WORKSPACE = [
  ...BULK,
  folder("app"),
  file("app/package.json", "{}"),
  folder("app/node_modules"),
  folder("app/node_modules/ms"),
  file("app/node_modules/ms/package.json", "{}"),
  file("app/node_modules/ms/index.js"),
  folder("app/packages"),
  folder("app/packages/web"),
  file("app/packages/web/package.json", "{}"),
  folder("app/packages/web/lib"),
  file("app/packages/web/lib/a.js", 'import "../own.js"; import ms from "ms";'),
  file("app/packages/web/own.js"),
];

test("a hard link becomes a file with the same content and mode", () => {
  const copied = copyHardLinks([file("a", "text", true), { type: "hardlink", path: "b", executable: true, target: "a" }]);
  expect(copied.map(describeEntry)).toEqual(["x text", "x text"]);
});

describe("a link to a file", () => {
  test("becomes a copy of it: data from anywhere, code from the same folder", () => {
    const { held } = copy([
      ...BULK,
      folder("a"),
      file("a/b.js", "code"),
      file("a/data.txt", "data"),
      link("a/c.js", "b.js"),
      link("data", "a/data.txt"),
      link("data2", "data"),
    ]);
    expect([held.get("a/c.js"), held.get("data"), held.get("data2")]).toEqual(["f code", "f data", "f data"]);
  });

  test("is a launcher in a folder of commands", () => {
    const { held } = copy([
      ...BULK,
      folder("m"),
      folder("m/.bin"),
      link("m/.bin/x", "../x/cli.js"),
      folder("m/x"),
      file("m/x/cli.js", "#!/usr/bin/env node\n", true),
    ]);
    expect(held.get("m/.bin/x")).toBe("x launcher in m/.bin of m/x/cli.js");
  });

  test("is refused where it is a module of another folder: what it requires would be looked for elsewhere", () => {
    expect(refusal([...BULK, folder("a"), file("a/b.js", "require('./c')"), link("b.js", "a/b.js")])).toMatchObject({
      code: "LINK_NEEDED",
      path: "b.js",
      message: expect.stringContaining("module elsewhere"),
    });
    expect(refusal([...BULK, folder("a"), file("a/b.node"), link("b.node", "a/b.node")])).toMatchObject({ code: "LINK_NEEDED" });
  });

  test("that leads to nothing, or round in a circle, is left out and told", () => {
    const { held, notices } = copy([...BULK, link("a", "nowhere"), link("b", "c"), link("c", "b")]);
    expect(held.size).toBe(BULK.length);
    expect(notices.map(({ code, path }) => [code, path])).toEqual([
      ["LINK_DANGLES", "a"],
      ["LINK_DANGLES", "b"],
      ["LINK_DANGLES", "c"],
    ]);
  });
});

describe("a link to a folder", () => {
  test("of a workspace becomes a copy that finds the same packages", () => {
    const { held } = copy([...WORKSPACE, link("app/node_modules/web", "../packages/web")]);
    expect(held.get("app/node_modules/web")).toBe("directory");
    expect(held.get("app/node_modules/web/lib/a.js")).toBe(held.get("app/packages/web/lib/a.js"));
  });

  test("is copied with the links in it, as they lead from where they really are", () => {
    const { held } = copy([
      ...WORKSPACE,
      folder("app/packages/web/.bin"),
      link("app/packages/web/.bin/t", "../../../node_modules/ms/index.js"),
      link("app/packages/web/own.txt", "package.json"),
      link("app/node_modules/web", "../packages/web"),
    ]);
    expect(held.get("app/node_modules/web/.bin/t")).toBe("x launcher in app/node_modules/web/.bin of app/node_modules/ms/index.js");
    expect(held.get("app/node_modules/web/own.txt")).toBe("f {}");
  });

  test("is refused where the copy would find other packages: pnpm's farm", () => {
    const farm = [
      ...BULK,
      ...[
        "m",
        "m/node_modules",
        "m/node_modules/.pnpm",
        "m/node_modules/.pnpm/a@1",
        "m/node_modules/.pnpm/a@1/node_modules",
        "m/node_modules/.pnpm/a@1/node_modules/a",
      ].map(folder),
      file("m/node_modules/.pnpm/a@1/node_modules/a/package.json", "{}"),
      file("m/node_modules/.pnpm/a@1/node_modules/a/index.js", "require('b')"),
      link("m/node_modules/a", ".pnpm/a@1/node_modules/a"),
    ];
    expect(refusal(farm)).toMatchObject({
      code: "LINK_NEEDED",
      path: "m/node_modules/a",
      message: expect.stringContaining("finds other packages"),
    });
  });

  test("is refused where another package.json would say what its files are", () => {
    const without = WORKSPACE.filter(({ path }) => path !== "app/packages/web/package.json");
    expect(copy([...without, link("app/node_modules/web", "../packages/web")]).held.size).toBeGreaterThan(0);
    const between = [...without, file("app/packages/package.json", '{"type":"module"}')];
    expect(refusal([...between, link("app/node_modules/web", "../packages/web")])).toMatchObject({ code: "LINK_NEEDED" });
  });

  test.each([
    'import x from "../../../outside.js";',
    "require('../../outside')",
    'export * from "../../x.js"',
    "await import(`../../${name}`)",
  ])("is refused where a script in it imports from outside: %s", (source) => {
    const entries = [...WORKSPACE, file("app/packages/web/lib/b.js", source), link("app/node_modules/web", "../packages/web")];
    expect(refusal(entries)).toMatchObject({ code: "LINK_NEEDED", message: expect.stringContaining("app/packages/web/lib/b.js") });
  });

  test.each([
    'join(__dirname, "../../../data")',
    'join(__dirname, "..", "..", "data")',
    "readFileSync(`${__dirname}/../../data`)",
    'readFileSync(__dirname + "/../../data")',
    'new URL("../../data", import.meta.url)',
    'const here = dirname(fileURLToPath(import.meta.url)); const up = resolve(here, ".."); join(up, "..", "data")',
    "join(dirname(dirname(__dirname)), 'data')",
    "path.dirname(path.dirname(path.dirname(fileURLToPath(import.meta.url))))",
    'join(__dirname, "a/../../../data")',
    'require("./../../outside")',
  ])("is refused where a script in it looks from its own place for what lies outside: %s", (source) => {
    const entries = [...WORKSPACE, file("app/packages/web/lib/b.js", source), link("app/node_modules/web", "../packages/web")];
    expect(refusal(entries)).toMatchObject({ code: "LINK_NEEDED", message: expect.stringContaining("app/packages/web/lib/b.js") });
  });

  test.each([
    'join(__dirname, "../data")',
    'const here = dirname(fileURLToPath(import.meta.url)); join(here, "..", "data"); join(here, "../other")',
    'new URL("./data", import.meta.url); import "../own.js";',
    'if (path.startsWith("../../")) throw 1;',
    "path.dirname(path.dirname(__filename))",
  ])("is copied where what its scripts look for lies inside: %s", (source) => {
    const entries = [...WORKSPACE, file("app/packages/web/lib/b.js", source), link("app/node_modules/web", "../packages/web")];
    expect(refusal(entries)).toBeNull();
  });

  const types = (json: object, consumer = ""): readonly PlannedEntry[] => [
    ...WORKSPACE.filter(({ path }) => path !== "app/packages/web/package.json"),
    file("app/packages/web/package.json", JSON.stringify({ name: "web", ...json })),
    file("app/packages/web/lib/t.ts"),
    file("app/packages/web/lib/t.d.ts"),
    file("app/index.js", consumer),
    link("app/node_modules/web", "../packages/web"),
  ];

  test.each([
    [{ exports: "./lib/t.ts" }, ""],
    [{ exports: { ".": { types: "./lib/t.d.ts", default: "./lib/t.ts" } } }, ""],
    [{ main: "lib/t.ts" }, ""],
    [{ bin: { t: "lib/t.ts" } }, ""],
    [{ imports: { "#t": "./lib/t.ts" } }, ""],
    [{ exports: { "./*": "./lib/*" } }, 'import "web/t.ts";'],
  ])("is refused where Node would run TypeScript in it, which it does in no node_modules folder: %j %s", (json, consumer) => {
    expect(refusal(types(json, consumer))).toMatchObject({ code: "LINK_NEEDED", message: expect.stringContaining("t.ts") });
  });

  test("is copied where nobody loads the TypeScript in it", () => {
    expect(
      refusal(
        types({ main: "own.js", types: "lib/t.d.ts", exports: { ".": { types: "./lib/t.ts", default: "./own.js" } } }, 'import "web";'),
      ),
    ).toBeNull();
  });

  test("is refused where the package.json above says what its files are: below node_modules none would", () => {
    const above = (content: string): readonly PlannedEntry[] => [
      ...BULK,
      folder("app"),
      file("app/package.json", content),
      folder("app/node_modules"),
      folder("app/src"),
      file("app/src/a.js"),
      link("app/node_modules/src", "../src"),
    ];
    expect(refusal(above('{"type":"module"}'))).toMatchObject({ code: "LINK_NEEDED", path: "app/node_modules/src" });
    expect(refusal(above('{"name":"app"}'))).toBeNull();
  });

  test("of mere data is copied wherever it lies", () => {
    const { held } = copy([...BULK, folder("share"), file("share/terminfo", "t"), folder("lib"), link("lib/share", "../share")]);
    expect(held.get("lib/share/terminfo")).toBe("f t");
  });

  test.each([
    ["to itself by the folder above", "a/b", "."],
    ["to the folder above", "a/b", "../a"],
    ["to the root", "a/b", ".."],
  ])("is refused where it has no end: %s", (_, path, target) => {
    expect(refusal([...BULK, folder("a"), file("a/x.txt"), link(path, target)])).toMatchObject({
      code: "LINK_NEEDED",
      path,
      message: expect.stringContaining("holds it"),
    });
  });

  test("is refused where two folders lead into each other", () => {
    expect(refusal([...BULK, folder("a"), folder("b"), link("a/b", "../b"), link("b/a", "../a")])).toMatchObject({
      code: "LINK_NEEDED",
      message: expect.stringContaining("holds it"),
    });
  });

  test("is refused where copies would more than double the environment", () => {
    const big = [folder("big"), file("big/data", "d".repeat(1000)), file("big/more", "m")];
    const links = (count: number): PlannedEntry[] => Array.from({ length: count }, (_, at) => link(`l${at}`, "big"));
    expect(refusal([...big, ...links(1)])).toBeNull();
    expect(refusal([...big, ...links(2)])).toMatchObject({ code: "LINK_NEEDED", message: expect.stringContaining("double") });
    const levels = Array.from({ length: 30 }, (_, at) => [
      folder(`f${at}`),
      link(`f${at}/a`, `../f${at + 1}`),
      link(`f${at}/b`, `../f${at + 1}`),
    ]).flat();
    expect(refusal([...levels, folder("f30"), file("f30/x.txt")])).toMatchObject({
      code: "LINK_NEEDED",
      message: expect.stringContaining("double"),
    });
  });
});
