import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "../..");

/** Where each package is imported: packages by name, files from the project's root; types alone do not count. */
const imports = new Map<string, string[]>();

function noteImports(folder: string): void {
  for (const entry of readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })) {
    if (!/\.(m?ts|mjs)$/.test(entry)) continue;
    const text = readFileSync(join(ROOT, folder, entry), "utf8");
    for (const [, name = ""] of text.matchAll(
      /^(?:import (?!type )[^;]*?from |import |.*\bimport\(|.*\brequire\()"(@[\w-]+\/[\w.-]+|[\w-][\w.-]*)(?:\/[\w./-]+)?"/gm,
    )) {
      if (builtinModules.includes(name) || name === "node:") continue;
      imports.set(name, [...(imports.get(name) ?? []), join(folder, entry)]);
    }
  }
}

beforeAll(() => {
  noteImports("src");
  noteImports("test");
});

const manifest: { dependencies: Record<string, string>; devDependencies: Record<string, string> } = JSON.parse(
  readFileSync(join(ROOT, "package.json"), "utf8"),
);

describe("the packages that envpack is built on do real work", () => {
  test.each([
    ["tar", ["src/archive/tar/header.ts", "src/archive/package-tarball.ts", "src/deliver/parcel/repository.ts"]],
    ["zstd-codec", ["src/archive/codec/zstd-wasm.ts"]],
    ["fast-glob", ["src/environment/workspaces.ts"]],
    ["fs-extra", ["src/verbs/run/overlay.ts", "src/embed/build-portable-cli.mjs"]],
    ["commander", ["src/cli/program.ts"]],
    ["vitest", ["test/docs/dependencies.test.ts"]],
  ])("%s, in %j", (name, files) => {
    expect(imports.get(name)).toEqual(expect.arrayContaining(files));
  });

  test("no dependency is without an import in src/, and no import there is without its dependency", () => {
    const used = [...imports]
      .filter(([, files]) => files.some((file) => file.startsWith("src/") && file.endsWith(".ts")))
      .map(([name]) => name);
    expect(used.sort()).toEqual(Object.keys(manifest.dependencies).sort());
  });
});
