import { linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { planPack } from "../../src/index.js";
import { filesMeant, isMeant, missingOf, nextToBringBack } from "../../src/plan/trace/missing.js";
import { encodeRecord, readRecord, RECORD_VERSION, type RecordedEnvironment } from "../../src/plan/trace/record-file.js";
import { TouchedFiles } from "../../src/plan/trace/touched-files.js";
import { writeFiles } from "../evidence/prove/shop.js";
import { makeScratch } from "../real/commands.js";

const scratch = makeScratch();

test("T10: of one inode under several names the first that stays is the file, and the others are links to it", async () => {
  const project = join(scratch, "linked");
  const json = (name: string): string => JSON.stringify({ name, version: "1.0.0" });
  writeFiles(project, {
    "package.json": JSON.stringify({ name: "linked", version: "1.0.0", dependencies: { first: "1.0.0", later: "1.0.0" } }),
    "server.js": 'require("later");',
    "node_modules/first/package.json": json("first"),
    "node_modules/first/a.js": "one inode",
    "node_modules/later/package.json": json("later"),
    "node_modules/later/index.js": 'require("./b.js"); require("./c.js"); require("./d.js");',
  });
  for (const name of ["b.js", "c.js", "d.js"])
    linkSync(join(project, "node_modules/first/a.js"), join(project, "node_modules/later", name));
  const { entries, trace } = await planPack({ path: project, node: "none", ignoreLock: true, trace: ["server.js"] });
  const found = entries.flatMap((entry) =>
    /\/[abcd]\.js$/.test(entry.path) ? [[entry.path.slice(-4), entry.type, "target" in entry ? entry.target.slice(-4) : null]] : [],
  );
  expect(found).toEqual([
    ["b.js", "file", null],
    ["c.js", "hardlink", "b.js"],
    ["d.js", "hardlink", "b.js"],
  ]);
  expect(trace?.left).toEqual({ files: 2, bytes: "one inode".length + json("first").length });
});

test("T11: what is missing may be a file, a folder that is named in part, or a package by the path in it", () => {
  const meant = (reason: string, path: string): boolean => {
    const missing = missingOf(reason);
    return missing !== null && isMeant(missing, `app/node_modules/${path}`);
  };
  expect(meant("the file ../../lib/locale is not in the environment", "a/lib/locale/de.json")).toBe(true);
  expect(meant("the file ./locale is not in the environment", "a/relocale.js")).toBe(false);
  expect(meant("the package a/sub/file is not in the environment", "a/other.js")).toBe(true);
  expect(meant("the package ab is not in the environment", "a/b.js")).toBe(false);
  expect(meant("app/node_modules/a/views is not in the environment", "a/views/x.html")).toBe(true);
});

test("T11: of a package comes back what the path in it names, its folder, or all where it names no file", () => {
  const files = [
    "a/package.json",
    "a/lib/x.js",
    "a/lib/x/part.js",
    "a/lib/xy.js",
    "b/node_modules/a/lib/x.js",
    "b/lib/x.js",
    "@s/a/lib/x.js",
  ];
  const back = (name: string): string[] =>
    filesMeant(
      { kind: "package", name },
      files.map((path) => ({ path: `app/node_modules/${path}` })),
    ).map(({ path }) => path.slice("app/node_modules/".length));
  expect(back("a/lib/x")).toEqual(["a/lib/x.js", "a/lib/x/part.js", "b/node_modules/a/lib/x.js"]);
  expect(back("@s/a/lib/x.js")).toEqual(["@s/a/lib/x.js"]);
  expect(back("a/exported")).toEqual(["a/package.json", "a/lib/x.js", "a/lib/x/part.js", "a/lib/xy.js", "b/node_modules/a/lib/x.js"]);
});

test("T12: what a server was asked for is the file that ends so, and all of its folder where it is the only one", () => {
  const files = ["a/dist/ui/app.css", "a/dist/ui/x/font.woff2", "a/dist/app.js", "b/my file.js", "c/index.js", "d/index.js"];
  const back = (asked: string): string[] => {
    const missing = missingOf(`${asked}, which a page names, is served at the source only`);
    return missing === null
      ? []
      : filesMeant(
          missing,
          files.map((path) => ({ path })),
        ).map(({ path }) => path);
  };
  expect(back("/docs/ui/app.css")).toEqual(["a/dist/ui/app.css", "a/dist/ui/x/font.woff2"]);
  expect(back("/my%20file.js")).toEqual(["b/my file.js"]);
  expect(back("/static/index.js")).toEqual(["c/index.js", "d/index.js"]);
  expect(back("/docs/")).toEqual([]);
  expect(back("/100%.css")).toEqual([]);
});

test("T11: what is missed once more, or with two others of its folder, brings back the folder, at last the package", () => {
  const back: string[] = [];
  const miss = (kind: "package" | "path" | "file", ...names: string[]): string[] => {
    const named = (list: readonly string[]) => list.map((name) => ({ kind, name }));
    const next = nextToBringBack(named(names), named(back)).map(({ name }) => name);
    back.push(...next);
    return next;
  };
  expect(miss("package", "@s/a/lib/x", "@s/a/lib/x", "b")).toEqual(["@s/a/lib/x", "b"]);
  expect(miss("package", "@s/a/lib/y")).toEqual(["@s/a/lib/y"]);
  expect(miss("package", "@s/a/lib/z", "@s/a/lib/w")).toEqual(["@s/a/lib"]);
  expect(miss("package", "@s/a/lib/z")).toEqual(["@s/a"]);
  expect(miss("package", "@s/a/lib/z", "b")).toEqual([]);
  expect(miss("path", "app/node_modules/a/t/x")).toEqual(["app/node_modules/a/t/x"]);
  expect(miss("path", "app/node_modules/a/t/x")).toEqual(["app/node_modules/a/t"]);
  expect(miss("path", "app/node_modules/a/t/x")).toEqual(["app/node_modules/a"]);
  expect(miss("path", "app/node_modules/a/t/x", "app/data/x")).toEqual(["app/data/x"]);
  expect(miss("path", "app/data/x")).toEqual([]);
  expect(miss("file", "t/x")).toEqual(["t/x"]);
  expect(miss("file", "t/x")).toEqual([]);
});

test("T12: strace's paths are read as bytes: octal, quoted, relative to a folder, links with what they lead to; what failed is none", () => {
  const root = join(scratch, "straced");
  mkdirSync(join(root, "sub"), { recursive: true });
  for (const name of ["café.js", 'a"b.js', "sub/c.js", "real.js"]) writeFileSync(join(root, name), "");
  symlinkSync("real.js", join(root, "link.js"));
  const trace = join(scratch, "strace.txt");
  writeFileSync(
    trace,
    [
      `1 openat(AT_FDCWD<${root}>, "${root}/caf\\303\\251.js", O_RDONLY) = 3</x>`,
      `1 statx(AT_FDCWD<${root}>, "a\\"b.js", AT_STATX_SYNC_AS_STAT, STATX_ALL, {}) = 0`,
      `1 newfstatat(7<${root}/sub>, "c.js", {}, 0) = 0`,
      `1 execve("${root}/link.js", ["x"], 0x0 /* 1 var */) = 0`,
      `1 openat(AT_FDCWD<${root}>, "${root}/gone.js", O_RDONLY) = -1 ENOENT (No such file or directory)`,
      `1 openat(AT_FDCWD<${root}>, "/etc/passwd", O_RDONLY) = 3</etc/passwd>`,
      `1 openat(AT_FDCWD<${root}>, "${root}-beside/x.js", O_RDONLY) = 3</x>`,
    ].join("\n"),
  );
  const touched = new TouchedFiles([root]);
  touched.readStrace(trace);
  expect(touched.finish()).toEqual([
    { path: 'a"b.js', how: ["asked"] },
    { path: "café.js", how: ["opened"] },
    { path: "link.js", how: ["started"] },
    { path: "real.js", how: ["started"] },
    { path: "sub/c.js", how: ["asked"] },
  ]);
});

test("T13: a record counts in its own environment only: of that name, and of that lockfile", () => {
  const file = join(scratch, "record.json");
  const environment: RecordedEnvironment = { name: "shop", version: "1.0.0", lock: "a".repeat(64) };
  writeFileSync(
    file,
    encodeRecord({ envpackRecord: RECORD_VERSION, environment, by: ["hooks"], files: [{ path: "a.js", how: ["opened"] }] }),
  );
  expect(readRecord(file, { ...environment, version: "1.0.1" }).files).toEqual([{ path: "a.js", how: ["opened"] }]);
  const refused = (other: Partial<RecordedEnvironment>): unknown => {
    try {
      return readRecord(file, { ...environment, ...other });
    } catch (error) {
      return error;
    }
  };
  expect(refused({ lock: "b".repeat(64) })).toMatchObject({
    code: "RECORD_INVALID",
    message: expect.stringContaining("the lockfile has changed"),
  });
  expect(refused({ name: "other" })).toMatchObject({
    code: "RECORD_INVALID",
    message: expect.stringContaining("of another environment, shop 1.0.0"),
  });
  expect(refused({ lock: null })).toMatchObject({ files: [{ path: "a.js" }] });
  expect(refused({ lock: null, version: "2.0.0" })).toMatchObject({ code: "RECORD_INVALID" });
});
