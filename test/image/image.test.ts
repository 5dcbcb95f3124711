import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { deliverRegistry, info, list, pack, verify } from "../../src/index.js";
import { startRegistry, type FakeRegistry } from "./registry/fake-registry.js";
import { scratchFolder } from "../scratch.js";
import { rawEntry } from "../hostile/raw-tar.js";
import { addLayer, digestOf, LIBC, makeBase, write } from "./make-base.js";

const scratch = scratchFolder("image");
const project = join(scratch, "shop");
const source = join(project, "server.js");
const base = join(scratch, "base.oci");
let registry: FakeRegistry;

beforeAll(async () => {
  process.env.XDG_CACHE_HOME = join(scratch, "cache");
  process.env.DOCKER_CONFIG = join(scratch, "docker");
  registry = await startRegistry();
  write(
    join(project, "package.json"),
    JSON.stringify({
      name: "shop",
      version: "1.4.0",
      license: "MIT",
      repository: "acme/shop",
      scripts: { start: "NODE_ENV=production node server.js --port 80" },
      dependencies: { dep: "1.0.0" },
    }),
  );
  write(source, "console.log(1)\n");
  write(join(project, "node_modules/dep/package.json"), JSON.stringify({ name: "dep", version: "1.0.0", main: "index.js" }));
  write(join(project, "node_modules/dep/index.js"), `exports.text = ${JSON.stringify(noise(400_000))};\n`);
  // What was changed just now is not remembered: it may change again within a tick of the clock.
  for (const file of ["package.json", "server.js", "node_modules/dep/package.json", "node_modules/dep/index.js"])
    utimesSync(join(project, file), 1e9, 1e9);
  makeBase(base, [LIBC, ["usr/bin/node", "node"]]);
}, 60_000);

afterAll(async () => {
  await registry.close();
});

/** Text that does not compress to nothing, the same each time. */
function noise(bytes: number): string {
  let text = "";
  for (let at = 0; text.length < bytes; at++) text += createHash("sha256").update(String(at)).digest("hex");
  return text;
}

const options = { path: project, node: "none", threads: 1 } as const;
const readJson = (folder: string, digest: string): Record<string, never> =>
  JSON.parse(readFileSync(join(folder, "blobs/sha256", digest.slice(7)), "utf8"));

test("a layout holds the base's layers, then the environment's, and a configuration that starts it", async () => {
  const output = join(scratch, "one.oci");
  const { image } = await pack({ ...options, output, image: { base, labels: ["team=blue"], ports: ["80"] } });
  expect(image?.layers.map(({ role }) => role)).toEqual(["runtime", "dependencies", "application"]);
  const manifest = readJson(output, image?.digest ?? "") as unknown as { layers: { digest: string }[]; config: { digest: string } };
  const config = readJson(output, manifest.config.digest) as unknown as {
    created: string;
    config: Record<string, unknown>;
    rootfs: { diff_ids: string[] };
  };
  expect(config.created).toBe("1980-01-01T00:00:00Z");
  expect(config.config).toMatchObject({
    User: "65532:65532",
    WorkingDir: "/opt/shop/app",
    Entrypoint: ["node"],
    Cmd: ["/opt/shop/app/server.js", "--port", "80"],
    Env: ["PATH=/opt/shop/bin:/usr/bin", "LANG=C.UTF-8", "HOME=/tmp", "NODE_ENV=production"],
    ExposedPorts: { "80/tcp": {} },
    Labels: {
      team: "blue",
      "org.opencontainers.image.version": "1.4.0",
      "org.opencontainers.image.licenses": "MIT",
      "org.opencontainers.image.source": "https://github.com/acme/shop",
      "envpack.prefix": "/opt/shop",
    },
  });
  // The readers that check it are others; here it is looked at with zlib and a hash alone.
  expect(manifest.layers.length).toBe(4);
  for (const [at, { digest }] of manifest.layers.entries()) {
    const blob = readFileSync(join(output, "blobs/sha256", digest.slice(7)));
    expect(digestOf(blob)).toBe(digest);
    expect(digestOf(at === 0 ? blob : gunzipSync(blob))).toBe(config.rootfs.diff_ids[at]);
  }
});

test("tar lists the folders above each layer's entries, and no entry outside of them", async () => {
  const output = join(scratch, "two.oci");
  const { image } = await pack({ ...options, output, image: { base } });
  for (const { digest } of image?.layers ?? []) {
    const { stdout } = spawnSync("tar", ["-tzf", join(output, "blobs/sha256", digest.slice(7))], { encoding: "utf8" });
    const names = stdout.trim().split("\n");
    expect(names.slice(0, 2)).toEqual(["opt/", "opt/shop/"]);
    const folders = new Set(names.filter((name) => name.endsWith("/")));
    for (const name of names.slice(1)) expect(folders).toContain(`${name.replace(/\/$/, "").split("/").slice(0, -1).join("/")}/`);
  }
});

test.each(["/my shop/ü", `/srv/${"x".repeat(150)}/${"y".repeat(150)}`])(
  "the environment may lie at %s, with all folders above it",
  async (prefix) => {
    const output = join(scratch, "placed.oci");
    const { image } = await pack({ ...options, output, force: true, image: { base, prefix } });
    for (const { digest } of image?.layers ?? []) {
      const { stdout } = spawnSync("tar", ["-tzf", join(output, "blobs/sha256", digest.slice(7)), "--quoting-style=literal"], {
        encoding: "utf8",
      });
      const above = prefix
        .slice(1)
        .split("/")
        .map((_, at, parts) => `${parts.slice(0, at + 1).join("/")}/`);
      expect(stdout.split("\n").slice(0, above.length)).toEqual(above);
    }
    expect(await verify({ path: output })).toMatchObject({ ok: true });
  },
);

test("the same environment gives the same image, as a folder, as a tar, and with two threads", async () => {
  const folder = await pack({ ...options, output: join(scratch, "three.oci"), image: { base } });
  const tar = await pack({ ...options, threads: 2, reuse: false, output: join(scratch, "three.oci.tar"), image: { base } });
  expect(tar.image?.digest).toBe(folder.image?.digest);
  const again = await pack({ ...options, reuse: false, output: join(scratch, "four.oci.tar"), image: { base } });
  expect(readFileSync(join(scratch, "four.oci.tar")).equals(readFileSync(join(scratch, "three.oci.tar")))).toBe(true);
  expect(again.sha256).toBe(tar.image?.digest.slice("sha256:".length));
});

test("info, list and verify look into a layout, and verify notices a changed layer", async () => {
  const output = join(scratch, "five.oci");
  const { image } = await pack({ ...options, output, image: { base } });
  expect(await info({ path: output })).toMatchObject({
    kind: "image",
    image: { digest: image?.digest, prefix: "/opt/shop", platform: "linux/amd64", user: "65532:65532" },
  });
  expect((await list({ path: output })).map(({ path }) => path)).toContain("app/server.js");
  expect(await verify({ path: output })).toMatchObject({ kind: "image", ok: true });
  const blob = join(output, "blobs/sha256", (image?.layers[0]?.digest ?? "").slice(7));
  const bytes = readFileSync(blob);
  bytes[bytes.length - 40] = (bytes[bytes.length - 40] ?? 0) ^ 1;
  writeFileSync(blob, bytes);
  await expect(verify({ path: output })).rejects.toMatchObject({ code: "IMAGE_INVALID" });
});

test("verify sees what later layers take away, put in place of folders, or replace", async () => {
  const output = join(scratch, "derived.oci");
  const link = (name: string): Buffer => rawEntry({ name, type: "2", link: "/elsewhere" });
  const file = (name: string): Buffer => rawEntry({ name }, "");
  const seen = async (...entries: readonly Buffer[]): Promise<readonly string[]> => {
    await pack({ ...options, output, force: true, image: { base } });
    addLayer(output, Buffer.concat([...entries, Buffer.alloc(1024)]));
    const { differences } = await verify({ path: output });
    return differences.map(({ path, kind }) => `${kind} ${path}`);
  };
  expect(await seen(file("etc/motd"))).toEqual([]);
  expect(await seen(file("opt/shop/app/.wh.server.js"))).toEqual(["missing app/server.js"]);
  const opaque = await seen(file("opt/shop/app/node_modules/.wh..wh..opq"));
  expect(opaque).toContain("missing app/node_modules/dep/index.js");
  expect(opaque).not.toContain("missing app/server.js");
  expect(await seen(link("opt"))).toEqual(["changed /opt"]);
  expect(await seen(file("opt/shop/app/more.js"), file("opt/shop/app/.wh.more.js"))).toEqual(["added app/more.js"]);
  // The same content, with rights that no archive brings.
  const body = readFileSync(source, "utf8");
  const server = (fields: object): Buffer => rawEntry({ name: "opt/shop/app/server.js", ...fields }, body);
  expect(await seen(server({}))).toEqual([]);
  for (const fields of [{ mode: "004644 \0" }, { mode: "000646 \0" }, { uid: "001750 \0" }, { mode: "000755 \0" }])
    expect([fields, await seen(server(fields))]).toEqual([fields, ["changed app/server.js"]]);
  expect(await seen(rawEntry({ name: "opt/shop/app", type: "5", mode: "000777 \0" }))).toEqual(["changed app"]);
  // Of an environment that belongs to one user altogether everything may be that user's.
  expect(await seen(rawEntry({ name: "opt/shop", type: "5", uid: "001750 \0" }), server({ uid: "001750 \0" }))).toEqual([]);
});

test("a changed source sends its own layer and the documents, and no other file is read", async () => {
  // Later than the tick within which a file may change again unnoticed: what was written just now is not remembered.
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
  onTestFinished(() => void vi.useRealTimers());
  const to = [`${registry.host}/shop:1.4.0`];
  const first = await pack({ ...options, image: { base, to } });
  expect(first.output).toBe(null);
  expect(first.image?.pushed[0]).toMatchObject({ reference: to[0], digest: first.image?.digest });
  writeFileSync(source, "console.log(2)\n");
  const before = registry.received;
  const second = await pack({ ...options, image: { base, to } });
  expect(second.image?.layers.map(({ from }) => from)).toEqual(["registry", "registry", null]);
  expect(second.reusedBytes).toBeGreaterThan(800_000);
  expect(registry.received - before).toBe(second.image?.pushed[0]?.sentBytes);
  expect(registry.received - before).toBeLessThan(100_000);
  expect(await verify({ path: to[0] as string })).toMatchObject({ ok: true });
  // Another repository of that registry is given what the first has.
  const other = await pack({ ...options, image: { base, to: [`${registry.host}/other/shop:1`] } });
  expect(other.image?.layers[0]?.from).toBe("registry");
  expect(other.image?.pushed[0]?.sentBytes).toBe(0);
});

test("a layout that is replaced gives its unchanged layers, and a damaged one is made again", async () => {
  const output = join(scratch, "six.oci");
  const first = await pack({ ...options, output, image: { base } });
  const second = await pack({ ...options, output, force: true, image: { base } });
  expect([second.image?.digest, second.image?.layers[0]?.from]).toEqual([first.image?.digest, "layout"]);
  writeFileSync(join(output, "blobs/sha256", (first.image?.layers[0]?.digest ?? "").slice(7)), "damaged");
  const third = await pack({ ...options, output, force: true, image: { base } });
  expect([third.image?.digest, third.image?.layers[0]?.from]).toEqual([first.image?.digest, null]);
});

test("layouts for two platforms become one image, and an archive becomes an image", async () => {
  const output = join(scratch, "seven.oci.tar");
  await pack({ ...options, output, image: { base } });
  await expect(deliverRegistry({ sources: [output, output], to: [`${registry.host}/two:1`] })).rejects.toMatchObject({ code: "USAGE" });
  const archive = join(scratch, "shop.tar.gz");
  await pack({ ...options, output: archive });
  const delivered = await deliverRegistry({ sources: [archive], to: [`${registry.host}/from-archive:1`], image: { base }, threads: 1 });
  expect(delivered.platforms).toEqual(["linux/amd64"]);
  expect(await verify({ path: `${registry.host}/from-archive:1` })).toMatchObject({ ok: true });
});

test("an index of several pieces is whole, and tells of what a large file names", async () => {
  const large = join(scratch, "large");
  write(join(large, "package.json"), '{"name":"large","version":"1.0.0"}');
  // Without a NUL, and longer than a frame.
  write(join(large, "data.txt"), `${noise(5 << 20)}\n${large}/here\n`);
  const names = Array.from({ length: 14_000 }, (_, at) => `${"n".repeat(200)}${at}`);
  for (const name of names) write(join(large, "many", name), "");
  const output = join(scratch, "large.oci");
  const { image, residuals } = await pack({ path: large, node: "none", threads: 2, output, reuse: false, image: { base } });
  const last = gunzipSync(readFileSync(join(output, "blobs/sha256", image?.layers.at(-1)?.digest.slice(7) ?? "")));
  expect(last.length % 512).toBe(0);
  const { status, stdout } = spawnSync("tar", ["-xO", "opt/large/.envpack/index.jsonl", "opt/large/.envpack/fixups.jsonl"], {
    input: last,
    maxBuffer: 64 << 20,
  });
  expect(status).toBe(0);
  expect(stdout.length).toBeGreaterThan(4 << 20);
  const text = stdout.toString("utf8");
  for (const name of names) expect(text.includes(`/many/${name}"`)).toBe(true);
  expect(text).toContain('"path":"app/data.txt","kind":"text"');
  expect(residuals).toEqual([]);
  expect(await verify({ path: output })).toMatchObject({ ok: true });
}, 120_000);

test("zstd layers are made where that is asked for", async () => {
  const output = join(scratch, "eight.oci");
  const { image } = await pack({ ...options, output, image: { base, compression: "zstd" } });
  const blob = readFileSync(join(output, "blobs/sha256", (image?.layers[0]?.digest ?? "").slice(7)));
  expect(blob.toString("hex", 0, 4)).toBe("28b52ffd");
  expect(await verify({ path: output })).toMatchObject({ ok: true, differences: [] });
});

test("a bill of materials is attached to the image that is pushed", async () => {
  const { image } = await pack({ ...options, sbom: "cyclonedx", image: { base, to: [`${registry.host}/billed:1`] } });
  const tag = (image?.digest ?? "").replace(":", "-");
  const index = JSON.parse(registry.manifests.get(`billed ${tag}`)?.bytes.toString() ?? "{}");
  expect(index.manifests).toEqual([
    expect.objectContaining({ digest: image?.pushed[0]?.attached[0], artifactType: "application/vnd.cyclonedx+json" }),
  ]);
});

const REFUSED: readonly (readonly [string, () => Promise<unknown>, object])[] = [
  [
    "no base",
    () => pack({ ...options, output: join(scratch, "bad.oci.tar") }),
    { code: "USAGE", hint: expect.stringContaining("--base none") },
  ],
  [
    "a base that is not there",
    () => pack({ ...options, image: { base: `${registry.host}/nothing:1`, to: [`${registry.host}/bad:1`] } }),
    { code: "IMAGE_BASE", message: "there is no such base" },
  ],
  [
    "a folder in an archive's place",
    () => deliverRegistry({ sources: [project], to: [`${registry.host}/bad:1`], image: { base } }),
    { code: "NOT_AN_ARCHIVE", hint: expect.stringContaining("--image") },
  ],
  [
    "a layout whose image is to be another one",
    () => deliverRegistry({ sources: [base], to: [`${registry.host}/bad:1`], image: { labels: ["a=b"] } }),
    { code: "USAGE", path: base, message: expect.stringContaining("--label is for images that are made of an archive") },
  ],
  ["a name that is empty", () => pack({ ...options, image: { base, to: [""] } }), { code: "USAGE" }],
  [
    "a base whose layout is not there",
    () => pack({ ...options, output: join(scratch, "bad.oci.tar"), image: { base: join(scratch, "nothing.oci.tar") } }),
    { code: "IMAGE_BASE", path: expect.stringContaining("nothing.oci.tar"), hint: expect.stringContaining("spelling") },
  ],
  [
    "a base of musl for glibc",
    () => packOn("musl.oci", [["lib/ld-musl-x86_64.so.1", "musl"]]),
    { code: "IMAGE_BASE", message: expect.stringContaining("musl") },
  ],
  [
    "a base for another processor",
    () => packOn("arm.oci", [["lib/libc.so.6", ""]], "arm64"),
    { code: "IMAGE_BASE", message: expect.stringContaining("linux/arm64") },
  ],
  [
    "a base that has files in the environment's place",
    () =>
      packOn("taken.oci", [
        ["lib/libc.so.6", ""],
        ["opt/shop/app/server.js", "other"],
      ]),
    { code: "IMAGE_BASE", hint: expect.stringContaining("--prefix-in-image") },
  ],
  [
    "a base whose /opt is a file",
    () =>
      packOn("file.oci", [
        ["lib/libc.so.6", ""],
        ["opt", "a file"],
      ]),
    { code: "IMAGE_BASE", hint: expect.stringContaining("--prefix-in-image") },
  ],
  [
    "the root as the environment's place",
    () => pack({ ...options, output: join(scratch, "bad.oci.tar"), image: { base, prefix: "/" } }),
    { code: "USAGE", message: expect.stringContaining("is the root") },
  ],
  [
    "a reference with a password",
    () => pack({ ...options, image: { base, to: ["user:secret-word@registry.example/shop"] } }),
    { code: "USAGE", message: "this is not the name of an image" },
  ],
  [
    "a reference in capitals",
    () => pack({ ...options, image: { base, to: ["registry.example/Shop:1"] } }),
    { code: "USAGE", hint: expect.stringContaining("lower case") },
  ],
  ["a registry that is not there", () => pack({ ...options, image: { base, to: ["127.0.0.1:1/shop:1"] } }), { code: "ENGINE_UNREACHABLE" }],
];

function packOn(name: string, files: readonly (readonly [string, string])[], architecture?: string): Promise<unknown> {
  makeBase(join(scratch, name), files, architecture);
  return pack({ ...options, output: join(scratch, "bad.oci.tar"), image: { base: join(scratch, name) } });
}

test.each(REFUSED)("%s is refused, and nothing is left behind", async (_name, work, expected) => {
  const before = readdirSync(scratch).filter((name) => !/\.oci(?:\.tree|\.tar)?$/.test(name));
  await expect(work()).rejects.toMatchObject(expected);
  expect(existsSync(join(scratch, "bad.oci.tar"))).toBe(false);
  expect(readdirSync(scratch).filter((name) => !/\.oci(?:\.tree|\.tar)?$/.test(name))).toEqual(before);
  expect([...registry.manifests.keys()].filter((key) => key.startsWith("bad "))).toEqual([]);
});

test("a base that was altered is refused", async () => {
  makeBase(join(scratch, "altered.oci"), [["lib/libc.so.6", "abc"]]);
  const folder = join(scratch, "altered.oci/blobs/sha256");
  for (const name of readdirSync(folder)) {
    const bytes = readFileSync(join(folder, name));
    if (bytes.length > 2000) writeFileSync(join(folder, name), bytes.fill("z", 512, 515));
  }
  await expect(
    pack({ ...options, output: join(scratch, "bad.oci.tar"), image: { base: join(scratch, "altered.oci") } }),
  ).rejects.toMatchObject({ code: "IMAGE_INVALID" });
});
