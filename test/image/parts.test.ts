import { createHash } from "node:crypto";
import { chownSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { fileOfBytes, type PlannedEntry } from "../../src/archive/entry.js";
import { openCache } from "../../src/cache/place.js";
import { checkBase, type BaseFacts } from "../../src/image/base.js";
import { makeConfig } from "../../src/image/config.js";
import { makeLabels, readRevision } from "../../src/image/labels.js";
import { systemFiles } from "../../src/image/libc/system-layer.js";
import type { ImageConfig } from "../../src/image/oci/documents.js";
import { isLayer, recall, remember } from "../../src/image/remembered-layers.js";
import { splitLayers } from "../../src/image/split-layers.js";
import { findStart, type StartCommand } from "../../src/image/start-command.js";
import { readHost } from "../../src/manifest/host.js";
import type { Manifest, Platform } from "../../src/manifest/manifest.js";
import { readElf } from "../../src/native/elf.js";
import { scratchFolder } from "../scratch.js";

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

const BASE = { libc: "glibc", glibc: "2.31", libraries: new Set(["libc.so.6", "libstdc++.so.6"]), above: new Map() } as const;
const GLIBC = { os: "linux", arch: "x64", libc: "glibc", glibc: "2.31" } as const;
const check = (facts: BaseFacts, platform: Platform, byNode: string[] = [], byAddons: string[] = []): readonly object[] =>
  checkBase(facts, { platform, needs: { loader: null, byNode, byAddons }, prefix: "/opt/shop", name: "the base", ownNode: true });

test("a base is new enough with the very version that is needed, and has to have what node needs", () => {
  expect(check(BASE, GLIBC, ["libstdc++.so.6"], ["libc.so.6"])).toEqual([]);
  expect(() => check(BASE, { ...GLIBC, glibc: "2.32" })).toThrow(
    expect.objectContaining({ code: "IMAGE_BASE", hint: expect.stringContaining("newer") }),
  );
  expect(() => check({ ...BASE, glibc: "2.9" }, GLIBC)).toThrow(expect.objectContaining({ code: "IMAGE_BASE" }));
  expect(() => check(BASE, GLIBC, ["libatomic.so.1"])).toThrow(
    expect.objectContaining({ message: expect.stringContaining("libatomic.so.1"), hint: expect.not.stringContaining("distroless") }),
  );
  expect(() => check({ ...BASE, libraries: new Set() }, GLIBC, ["libstdc++.so.6"])).toThrow(
    expect.objectContaining({ hint: expect.stringContaining("distroless") }),
  );
  expect(check(BASE, GLIBC, [], ["libvips.so.42"])).toEqual([expect.objectContaining({ code: "NEEDS_LIBRARIES", path: "the base" })]);
});

test.each([
  [undefined, "65532:65532"],
  ["", "65532:65532"],
  ["root", "65532:65532"],
  ["0:1000", "65532:65532"],
  ["root:root", "65532:65532"],
  ["1000", "1000"],
  ["rooty", "rooty"],
])("of a base's user %j an image has %s", (User, expected) => {
  expect(configOn({ architecture: "amd64", os: "linux", config: { User }, rootfs: { type: "layers", diff_ids: [] } }).config?.User).toBe(
    expected,
  );
});

test("a base whose history tells of other layers than it has gets one that does", () => {
  const rootfs = { type: "layers", diff_ids: ["sha256:a", "sha256:b"] } as const;
  const told = [{ created_by: "one" }, { created_by: "none", empty_layer: true }, { created_by: "two" }];
  const historyOn = (history: typeof told | null): unknown[] => [
    ...(configOn({ architecture: "amd64", os: "linux", rootfs, history }).history ?? []),
  ];
  expect(historyOn(told).slice(0, -1)).toEqual(told);
  for (const wrong of [null, told.slice(0, 2)]) expect(historyOn(wrong).slice(0, -1)).toEqual([{ comment: "base" }, { comment: "base" }]);
});

function configOn(base: ImageConfig): ImageConfig {
  return makeConfig({
    platform: { architecture: "amd64", os: "linux" },
    prefix: "/opt/shop",
    start: startOf({}),
    wishes: {},
    labels: {},
    created: null,
    base,
    layers: [{ diffId: "sha256:c", comment: "application" }],
  });
}

test.each([
  ["https://me:secret-word@git.example/acme/shop.git?token=x#y", "https://git.example/acme/shop"],
  ["git+ssh://git@github.com/acme/shop.git", "https://github.com/acme/shop"],
  ["acme/shop", "https://github.com/acme/shop"],
  ["file:///home/me/shop", undefined],
  ["no address", undefined],
])("of the repository %s the label of its source is %s", (url, expected) => {
  const entries = [file("app/package.json", JSON.stringify({ repository: { type: "git", url } }))];
  expect(makeLabels({ manifest, entries, prefix: "/opt/shop" }, null, null)["org.opencontainers.image.source"]).toBe(expected);
});

test("what is remembered of layers is believed where it is whole, and this user's own", async () => {
  vi.stubEnv("XDG_CACHE_HOME", scratchFolder("remembered"));
  onTestFinished(() => void vi.unstubAllEnvs());
  const key = "a".repeat(64);
  const any = (): boolean => true;
  const lines = ['{"type":"file"}\n', "ü\n"].map((line) => Buffer.from(line));
  const known = { value: { digest: "one" }, bytes: Buffer.concat(lines) };
  remember(key, known.value, lines);
  expect(await recall(key, any)).toEqual(known);
  const path = join(openCache("layers").folder ?? "", key);
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.toString("latin1").replace("one", "two"));
  expect(await recall(key, any)).toBe(null);
  writeFileSync(path, bytes);
  expect(await recall(key, any)).toEqual(known);
  // What an older envpack wrote: JSON alone.
  const old = '{"digest":"one"}';
  writeFileSync(path, `${old}${createHash("sha256").update(old).digest("hex")}`);
  expect(await recall(key, any)).toBe(null);
  writeFileSync(path, bytes);
  if (process.getuid?.() !== 0) return;
  chownSync(path, 12345, 12345);
  expect(await recall(key, any)).toBe(null);
});

test("a record that is whole and still tells of no layer is as none", async () => {
  vi.stubEnv("XDG_CACHE_HOME", scratchFolder("remembered"));
  onTestFinished(() => void vi.unstubAllEnvs());
  const key = "b".repeat(64);
  const layer = { digest: `sha256:${"1".repeat(64)}`, size: 1, diffId: `sha256:${"2".repeat(64)}`, hits: [] };
  const line = Buffer.from('{"type":"file"}\n');
  const recalled = async (value: unknown, lines: readonly Uint8Array[]): Promise<boolean> => {
    remember(key, value as object, lines);
    return (await recall(key, isLayer)) !== null;
  };
  expect(await recalled(layer, [line, line])).toBe(true);
  const { hits: _hits, ...without } = layer;
  for (const value of [null, 3, "text", [], without, { ...layer, digest: "sha256:../.." }, { ...layer, size: "1" }])
    expect(await recalled(value, [line]), JSON.stringify(value)).toBe(false);
  for (const lines of [[], [line.subarray(0, -1)], [line, Buffer.from("garbage")]]) expect(await recalled(layer, lines)).toBe(false);
});

test("a record that cannot be written whole is not there, not even its beginning", () => {
  vi.stubEnv("XDG_CACHE_HOME", scratchFolder("remembered"));
  onTestFinished(() => void vi.unstubAllEnvs());
  // As a full disk does it: an error once some was written.
  remember("c".repeat(64), {}, [Buffer.from("line\n"), null as unknown as Uint8Array]);
  expect(readdirSync(openCache("layers").folder ?? "")).toEqual([]);
});

test("the revision is that of git, and null where there is none", () => {
  expect(readRevision("/")).toBe(null);
  const own = readRevision(import.meta.dirname);
  if (own !== null) expect(own).toMatch(/^[0-9a-f]{40}$/);
});
