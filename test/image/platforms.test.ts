import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { deliverRegistry, info, pack, packForPlatforms, verify } from "../../src/index.js";
import { startRegistry, type FakeRegistry } from "./registry/fake-registry.js";
import { digestOf, makeBase, write } from "./make-base.js";
import { scratchFolder } from "../scratch.js";

const scratch = scratchFolder("platforms");
const project = join(scratch, "shop");
let registry: FakeRegistry;
let base: string;

const LIBC = "x GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n";

beforeAll(async () => {
  process.env.XDG_CACHE_HOME = join(scratch, "cache");
  process.env.DOCKER_CONFIG = join(scratch, "docker");
  registry = await startRegistry();
  write(join(project, "package.json"), JSON.stringify({ name: "shop", version: "1.4.0", main: "server.js" }));
  write(join(project, "package-lock.json"), JSON.stringify({ name: "shop", version: "1.4.0", lockfileVersion: 3, packages: { "": {} } }));
  write(join(project, "server.js"), "console.log(1)\n");
  for (const architecture of ["amd64", "arm64"])
    makeBase(
      join(scratch, `${architecture}.oci`),
      [
        ["lib/libc.so.6", LIBC],
        ["usr/bin/node", architecture],
      ],
      architecture,
    );
  base = `${registry.host}/base:1`;
  const sources = ["amd64", "arm64"].map((one) => join(scratch, `${one}.oci`));
  await deliverRegistry({ sources, to: [base] });
}, 60_000);

afterAll(async () => {
  await registry.close();
});

const platforms = ["linux-x64", "linux-arm64"];
const options = { path: project, node: "none", threads: 1 } as const;

interface Index {
  readonly manifests: readonly { readonly digest: string; readonly mediaType: string; readonly platform: object }[];
}
const blob = (folder: string, digest: string): Buffer => readFileSync(join(folder, "blobs/sha256", digest.slice(7)));

test("a layout for two platforms has one index with a manifest for each, on the base for each", async () => {
  const output = join(scratch, "one.oci");
  const to = [`${registry.host}/pushed:1`];
  const results = await packForPlatforms({ ...options, platforms, output, image: { base, to } });
  expect(results.map(({ image }) => image?.platform)).toEqual(["linux/amd64", "linux/arm64"]);
  const [top, ...others] = (JSON.parse(readFileSync(join(output, "index.json"), "utf8")) as Index).manifests;
  expect(others).toEqual([]);
  const root = top?.digest ?? "";
  expect(results.map(({ image }) => image?.index)).toEqual([root, root]);
  const { manifests } = JSON.parse(blob(output, root).toString()) as Index;
  expect(manifests.map(({ platform }) => platform)).toEqual([
    { architecture: "amd64", os: "linux" },
    { architecture: "arm64", os: "linux" },
  ]);
  for (const [at, { digest }] of manifests.entries()) {
    expect(digest).toBe(results[at]?.image?.digest);
    const { config, layers } = JSON.parse(blob(output, digest).toString()) as { config: { digest: string }; layers: { digest: string }[] };
    expect(JSON.parse(blob(output, config.digest).toString())).toMatchObject({ architecture: at === 0 ? "amd64" : "arm64" });
    for (const layer of layers) expect(digestOf(blob(output, layer.digest))).toBe(layer.digest);
  }
  expect((await info({ path: output })).image).toMatchObject({ platforms: ["linux/amd64", "linux/arm64"] });
  // Docker's older form knows no index.
  const docker = JSON.parse(readFileSync(join(output, "manifest.json"), "utf8")) as { RepoTags: string[]; Config: string }[];
  expect(docker.map(({ RepoTags }) => RepoTags)).toEqual([[to[0]], [`${to[0]}-arm64`]]);
  expect(docker.map(({ Config }) => JSON.parse(readFileSync(join(output, Config), "utf8")).architecture)).toEqual(["amd64", "arm64"]);
  // The same was pushed whole, its tag last, and the layout is pushed as it is.
  expect(registry.log.at(-1)).toBe("PUT /v2/pushed/manifests/1");
  expect(digestOf(registry.manifests.get("pushed 1")?.bytes ?? Buffer.alloc(0))).toBe(root);
  expect(results[1]?.image?.pushed[0]?.digest).toBe(root);
  const delivered = await deliverRegistry({ sources: [output], to: [`${registry.host}/delivered:1`] });
  expect(delivered).toMatchObject({ digest: root, platforms: ["linux/amd64", "linux/arm64"] });
  expect(await verify({ path: `${registry.host}/delivered:1` })).toMatchObject({ ok: true });
});

test("archives for two platforms become one image", async () => {
  const sources = [];
  for (const platform of platforms) {
    const { output } = await pack({ ...options, platform, output: join(scratch, `${platform}.tar.gz`) });
    sources.push(output ?? "");
  }
  const delivered = await deliverRegistry({ sources, to: [`${registry.host}/archives:1`], image: { base }, threads: 1 });
  expect(delivered.platforms).toEqual(["linux/amd64", "linux/arm64"]);
  expect(await verify({ path: `${registry.host}/archives:1` })).toMatchObject({ ok: true });
  await expect(
    deliverRegistry({ sources: [sources[0] ?? "", sources[0] ?? ""], to: [`${registry.host}/x:1`], image: { base } }),
  ).rejects.toMatchObject({ code: "USAGE", message: expect.stringContaining("two are for linux/amd64") });
  expect(registry.manifests.has("x 1")).toBe(false);
});

const REFUSED: readonly (readonly [string, Partial<Parameters<typeof packForPlatforms>[0]>, object])[] = [
  [
    "two C libraries for one processor",
    { platforms: ["linux-x64", "linux-x64-musl"] },
    { code: "USAGE", message: expect.stringContaining("linux/amd64") },
  ],
  ["Windows", { platforms: ["linux-x64", "win32-x64"] }, { code: "ARCHIVE_UNFIT" }],
  ["a platform that is none", { platforms: ["linux-x64", "linux-amd64"] }, { code: "USAGE", hint: expect.stringContaining("linux-x64") }],
  ["this machine's C library", { platforms, image: { base: "none" } }, { code: "IMAGE_BASE", hint: expect.stringContaining("--base") }],
  [
    "a folder of several archives",
    { platforms, output: `${scratch}/out/` },
    { code: "USAGE", hint: expect.stringContaining("-o shop.oci.tar") },
  ],
  [
    "a base for one of them only",
    { platforms: ["linux-arm64", "linux-x64"], image: { base: join(scratch, "amd64.oci") } },
    { code: "IMAGE_BASE", message: expect.stringContaining("arm64") },
  ],
];

test.each(REFUSED)("%s is refused, and nothing is left behind", async (_name, asked, expected) => {
  const before = readdirSync(scratch);
  const output = join(scratch, "bad.oci.tar");
  await expect(packForPlatforms({ ...options, output, image: { base }, platforms, ...asked })).rejects.toMatchObject(expected);
  expect(existsSync(output)).toBe(false);
  expect(readdirSync(scratch)).toEqual(before);
});
