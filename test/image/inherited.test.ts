import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { info, pack } from "../../src/index.js";
import { scratchFolder } from "../scratch.js";
import { setRunConfig, writeShop } from "./make-base.js";

const scratch = scratchFolder("inherited");
const project = join(scratch, "shop");
const base = join(scratch, "base.oci");

beforeAll(() => {
  process.env.XDG_CACHE_HOME = join(scratch, "cache");
  writeShop(project, base);
  setRunConfig(base, {
    User: "1000:1000",
    Env: ["PATH=/usr/bin"],
    Labels: {
      vendor: "acme",
      "org.opencontainers.image.source": "https://base.example/repository",
      "org.opencontainers.image.revision": "the base's commit",
      "org.opencontainers.image.version": "12",
    },
    Volumes: { "/var/data": {} },
    StopSignal: "SIGUSR1",
    OnBuild: ["RUN echo done"],
  });
});

interface Config {
  readonly config: Readonly<Record<string, unknown>> & { readonly Labels: Readonly<Record<string, string>> };
}

function configOf(layout: string, digest: string): Config {
  const read = (name: string): never => JSON.parse(readFileSync(join(layout, "blobs/sha256", name.slice(7)), "utf8")) as never;
  return read((read(digest) as { readonly config: { readonly digest: string } }).config.digest);
}

const packOn = (on: string, output: string): ReturnType<typeof pack> =>
  pack({ path: project, node: "none", threads: 1, reuse: false, output: join(scratch, output), image: { base: on } });

test("what the base says of itself is not said of the image, and what it says of containers is kept", async () => {
  const { image } = await packOn(base, "one.oci");
  const { config } = configOf(join(scratch, "one.oci"), image?.digest ?? "");
  expect(config).toMatchObject({ User: "1000:1000", Volumes: { "/var/data": {} }, StopSignal: "SIGUSR1" });
  expect(config).not.toHaveProperty("OnBuild");
  expect(config.Labels).toEqual({
    vendor: "acme",
    "org.opencontainers.image.title": "shop",
    "org.opencontainers.image.version": "1.4.0",
    "org.opencontainers.image.base.digest": image?.base?.digest,
    "envpack.prefix": "/opt/shop",
  });
});

test("an image does not tell where on a machine the file of its base lay", async () => {
  const { image } = await packOn(base, "two.oci");
  cpSync(base, join(scratch, "elsewhere/base.oci"), { recursive: true });
  const moved = await packOn(join(scratch, "elsewhere/base.oci"), "three.oci");
  expect(moved.image?.digest).toBe(image?.digest);
  expect((await info({ path: join(scratch, "three.oci") })).image?.base).toBe(image?.base?.digest);
});
