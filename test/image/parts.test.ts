import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { fileOfBytes, type PlannedEntry } from "../../src/archive/entry.js";
import { readRevision } from "../../src/image/labels.js";
import { systemFiles } from "../../src/image/libc/system-layer.js";
import { splitLayers } from "../../src/image/split-layers.js";
import { findStart, type StartCommand } from "../../src/image/start-command.js";
import { readHost } from "../../src/manifest/host.js";
import type { Manifest } from "../../src/manifest/manifest.js";
import { readElf } from "../../src/native/elf.js";

const file = (path: string, text = "", size = text.length): PlannedEntry => ({ ...fileOfBytes(path, Buffer.from(text)), size });
const manifest = { kind: "project", resolveFrom: ["app"], runtime: {}, name: "shop" } as unknown as Manifest;
const startOf = (json: object, ...paths: string[]): StartCommand =>
  findStart({
    manifest,
    prefix: "/opt/shop",
    entries: [file("app/package.json", JSON.stringify(json)), ...paths.map((path) => file(path))],
  });

test.each<[object, string[]]>([
  [{ scripts: { start: "node server.js" } }, ["/opt/shop/app/server.js"]],
  [
    { scripts: { start: "node --enable-source-maps -r ./hook.js ./src/main.js --port 80" } },
    ["--enable-source-maps", "-r", "./hook.js", "/opt/shop/app/src/main.js", "--port", "80"],
  ],
  [{ scripts: { start: "node a.js && node b.js" }, main: "lib" }, ["/opt/shop/app/lib/index.js"]],
  [{ scripts: { start: 'node "a b.js"' }, main: "./main" }, ["/opt/shop/app/main.js"]],
  [{ scripts: { start: "next start" }, bin: { shop: "cli.mjs" } }, ["/opt/shop/app/cli.mjs"]],
  [{ bin: { a: "cli.mjs", b: "main.js" } }, []],
  [{ main: "missing.js" }, []],
  [{ scripts: "node x.js", main: 3 }, []],
])("%j starts %j", (json, cmd) => {
  expect(startOf(json, "app/lib/index.js", "app/main.js", "app/cli.mjs")).toMatchObject({
    entrypoint: ["/opt/shop/bin/node"],
    cmd,
    workingDir: "/opt/shop/app",
  });
});

test("variables before a start go into the configuration, and Plug'n'Play is loaded first", () => {
  expect(startOf({ scripts: { start: "A=1 NODE_ENV=production node x.js" } }, "app/.pnp.cjs")).toMatchObject({
    env: ["A=1", "NODE_ENV=production"],
    entrypoint: ["/opt/shop/bin/node", "--require", "/opt/shop/app/.pnp.cjs"],
  });
});

test("layers follow how things change; large packages have their own where it pays", () => {
  const entries = [
    "bin/node",
    "lib/node_modules/npm/package.json",
    ".envpack/envpack.cjs",
    "bin/tsc",
    ".envpack/hook.cjs",
    "app/node_modules/a/index.js",
    "app/packages/x/node_modules/b/i.js",
    "app/server.js",
    ".envpack/manifest.json",
  ].map((path) => file(path));
  const layers = splitLayers([...entries, file("app/node_modules/@x/big/lib.so", "", 20 << 20)], "project");
  const filesOf = (role: string): string[] =>
    (layers.find((layer) => layer.role === role)?.entries ?? []).filter(({ type }) => type === "file").map(({ path }) => path);
  expect(filesOf("runtime")).toEqual(["bin/node", "lib/node_modules/npm/package.json", ".envpack/envpack.cjs"]);
  expect(filesOf("large dependencies")).toEqual(["app/node_modules/@x/big/lib.so"]);
  expect(filesOf("dependencies")).toEqual([
    "bin/tsc",
    ".envpack/hook.cjs",
    "app/node_modules/a/index.js",
    "app/packages/x/node_modules/b/i.js",
  ]);
  expect(filesOf("application")).toEqual(["app/server.js", ".envpack/manifest.json"]);
  expect(splitLayers([...entries, file("app/node_modules/s/lib.so", "", 5 << 20)], "project").map(({ role }) => role)).not.toContain(
    "large dependencies",
  );
});

test("the system of --base none has the loader, all that node needs, and who packaged it", async ({ skip }) => {
  const host = await readHost();
  if (host.os !== "linux" || host.libc === null) return skip("its libraries are those of a Linux");
  const elf = readElf(process.execPath, null);
  const { entries } = await systemFiles(host, { loader: elf?.interpreter ?? null, byNode: elf?.needed ?? [], byAddons: [] });
  const paths = entries.map(({ path }) => path);
  expect(paths).toContain(elf?.interpreter?.slice(1));
  for (const name of elf?.needed ?? []) expect(paths.some((path) => path.endsWith(`/${name}`))).toBe(true);
  expect(entries.find(({ path }) => path === "tmp")?.mode).toBe(0o1777);
  if (existsSync("/var/lib/dpkg/status") && host.libc === "glibc")
    expect(paths).toEqual(
      expect.arrayContaining(["var/lib/dpkg/status.d/libc6", "usr/share/doc/libc6/copyright", "usr/share/common-licenses/LGPL-2.1"]),
    );
});

test("an environment for another machine is told to name a base", async () => {
  const host = await readHost();
  await expect(systemFiles({ ...host, arch: "s390x" }, { loader: null, byNode: [], byAddons: [] })).rejects.toMatchObject({
    code: "IMAGE_BASE",
    hint: expect.stringContaining("--base"),
  });
});

test("the revision is that of git, and null where there is none", () => {
  expect(readRevision("/")).toBe(null);
  const own = readRevision(import.meta.dirname);
  if (own !== null) expect(own).toMatch(/^[0-9a-f]{40}$/);
});
