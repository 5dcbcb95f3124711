import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { beforeAll, expect, test } from "vitest";
import { execute, makeScratch } from "./commands.js";

const ROOT = join(import.meta.dirname, "../..");
const scratch = makeScratch();
const prefix = join(scratch, "pre fix");
const home = join(prefix, "lib/node_modules/envpack");
let tarball: string;

/** What npm lays out of the packed file, with the dependencies of this project beside it: no registry is asked. */
beforeAll(() => {
  const packed = execute("npm", ["pack", "--ignore-scripts", "--pack-destination", scratch], { cwd: ROOT });
  expect(packed.status, packed.stderr).toBe(0);
  tarball = join(scratch, readdirSync(scratch).find((name) => name.endsWith(".tgz")) ?? "");
  const manifest = join(scratch, "unpacked");
  mkdirSync(manifest);
  execute("tar", ["-xzf", tarball, "-C", manifest]);
  // The dependencies go into the folder that npm installs from, so that nothing has to be fetched.
  const source = join(manifest, "package");
  const lock = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as {
    packages: Record<string, { dev?: boolean; optional?: boolean }>;
  };
  for (const [path, { dev }] of Object.entries(lock.packages)) {
    if (path === "" || dev === true || !existsSync(join(ROOT, path))) continue;
    cpSync(join(ROOT, path), join(source, path), { recursive: true });
  }
  const installed = execute(
    "npm",
    ["install", "--global", "--prefix", prefix, "--offline", "--ignore-scripts", "--install-links=false", source],
    { cwd: scratch },
  );
  expect(installed.status, installed.stderr).toBe(0);
});

test("the package is small, and has one file of types, the manual page and what its README links to", () => {
  expect(statSync(tarball).size).toBeLessThan(2_000_000);
  const names = execute("tar", ["-tzf", tarball]).stdout.trim().split("\n");
  expect(names.length).toBeLessThan(80);
  expect(names.filter((name) => name.endsWith(".d.ts"))).toEqual(["package/dist/index.d.ts"]);
  expect(names).toEqual(
    expect.arrayContaining(["package/dist/man/envpack.1", "package/README.md", "package/docs/commands.md", "package/LICENSE"]),
  );
  expect(names.filter((name) => /^package\/(src|test|node_modules)\//.test(name))).toEqual([]);
});

test("its types are those of src/index.ts, and compile without any of envpack's sources", () => {
  const text = readFileSync(join(home, "dist/index.d.ts"), "utf8");
  expect(text).not.toMatch(/from ["']\./);
  const program = ts.createProgram([join(home, "dist/index.d.ts"), join(ROOT, "src/index.ts")], {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ["node"],
    typeRoots: [join(ROOT, "node_modules/@types")],
  });
  const checker = program.getTypeChecker();
  const exportsOf = (file: string): string[] => {
    const source = program.getSourceFile(file);
    const symbol = source && checker.getSymbolAtLocation(source);
    return symbol === undefined
      ? []
      : checker
          .getExportsOfModule(symbol)
          .map(({ name }) => name)
          .sort();
  };
  expect(exportsOf(join(home, "dist/index.d.ts"))).toEqual(exportsOf(join(ROOT, "src/index.ts")));
  const source = program.getSourceFile(join(home, "dist/index.d.ts"));
  expect(
    [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(({ messageText }) => messageText),
  ).toEqual([]);
});

test("from an empty prefix it packs a project, which is restored elsewhere and verified there", () => {
  const project = join(scratch, "shop");
  mkdirSync(project);
  writeFileSync(join(project, "package.json"), '{ "name": "shop", "version": "1.0.0" }');
  writeFileSync(join(project, "index.js"), "console.log('sold');\n");
  const bin = join(prefix, "bin/envpack");
  const pack = execute(bin, ["pack", project, "--node", "none", "-q", "-o", join(scratch, "shop.tar.gz")], { cwd: "/" });
  expect(pack).toMatchObject({ status: 0, stderr: "" });
  const target = join(scratch, "deep/er");
  mkdirSync(join(scratch, "deep"));
  expect(execute(bin, ["unpack", "-q", join(scratch, "shop.tar.gz"), target], { cwd: "/" })).toMatchObject({ status: 0, stderr: "" });
  expect(execute(process.execPath, [join(target, "app/index.js")], { cwd: "/" }).stdout).toBe("sold\n");
  expect(execute(bin, ["verify", target], { cwd: "/" }).stdout).toMatch(/^ok: /);
  expect(existsSync(join(prefix, "share/man/man1/envpack.1"))).toBe(true);
});
