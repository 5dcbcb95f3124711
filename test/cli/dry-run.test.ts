import { expect, test } from "vitest";
import { groupEntries } from "../../src/cli/dry-run.js";
import type { PackPreview } from "../../src/index.js";

function file(path: string, size: number): PackPreview["entries"][number] {
  return { type: "file", path, executable: false, size };
}

test("files are summed up by package, or by top folder, the largest first", () => {
  const groups = groupEntries([
    file("app/node_modules/@img/sharp/lib/a.node", 900),
    file("app/node_modules/@img/sharp/b.js", 50),
    file("app/node_modules/fastify/node_modules/ajv/x.js", 30),
    file("app/node_modules/fastify/y.js", 20),
    file("app/node_modules/.package-lock.json", 5),
    file("app/src/deep/server.js", 4),
    file("app/package.json", 3),
    file("bin/node", 1000),
    { type: "directory", path: "app" },
  ]);
  expect(groups).toEqual([
    { path: "bin", files: 1, bytes: 1000 },
    { path: "app/node_modules/@img/sharp", files: 2, bytes: 950 },
    { path: "app/node_modules/fastify", files: 2, bytes: 50 },
    { path: "app/node_modules", files: 1, bytes: 5 },
    { path: "app/src", files: 1, bytes: 4 },
    { path: "app", files: 1, bytes: 3 },
  ]);
});

test("N15: packages in the stores of pnpm, Bun, Deno and Yarn are told one by one", () => {
  const groups = groupEntries([
    file("app/node_modules/.pnpm/ms@2.1.3/node_modules/ms/index.js", 90),
    file("app/node_modules/.pnpm/@img+sharp@1.0.0/node_modules/@img/sharp/index.js", 80),
    file("app/node_modules/.pnpm/lock.yaml", 70),
    file("app/packages/api/node_modules/.bun/ms@2.1.3/node_modules/ms/index.js", 60),
    file("app/node_modules/.deno/ms@2.1.3/node_modules/ms/index.js", 50),
    file("app/node_modules/.store/ms-npm-2.1.3-0123456789/package/index.js", 40),
    file("app/.yarn/cache/ms-npm-2.1.3-0123456789.zip", 30),
    file("app/node_modules/.bin/tool", 20),
  ]);
  expect(groups.map(({ path }) => path)).toEqual([
    "app/node_modules/.pnpm/ms@2.1.3/node_modules/ms",
    "app/node_modules/.pnpm/@img+sharp@1.0.0/node_modules/@img/sharp",
    "app/node_modules/.pnpm",
    "app/packages/api/node_modules/.bun/ms@2.1.3/node_modules/ms",
    "app/node_modules/.deno/ms@2.1.3/node_modules/ms",
    "app/node_modules/.store/ms-npm-2.1.3-0123456789/package",
    "app/.yarn/cache/ms-npm-2.1.3-0123456789.zip",
    "app/node_modules/.bin",
  ]);
});
