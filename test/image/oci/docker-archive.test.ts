import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { readBase } from "../../../src/image/base.js";
import { openImage } from "../../../src/image/oci/image.js";
import { chooseImage, openLayout } from "../../../src/image/oci/layout-reader.js";
import { rawEntry } from "../../hostile/raw-tar.js";
import { digestOf, makeBase } from "../make-base.js";
import { scratchFolder } from "../../scratch.js";

const scratch = scratchFolder("docker-archive");
const LIBC = "GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n";
const tar = (...entries: readonly Buffer[]): Buffer => Buffer.concat([...entries, Buffer.alloc(1024)]);
const hex = (text: string): string => createHash("sha256").update(text).digest("hex");
const LOWER = tar(rawEntry({ name: "lib/libc.so.6" }, LIBC));
const UPPER = tar(rawEntry({ name: "usr/lib/libstdc++.so.6" }, "x"));
const CONFIG = Buffer.from(
  JSON.stringify({ architecture: "amd64", os: "linux", config: {}, rootfs: { type: "layers", diff_ids: [LOWER, UPPER].map(digestOf) } }),
);

function save(name: string, entries: readonly Buffer[], layers: readonly string[], config = "config.json"): string {
  const path = join(scratch, name);
  const json = JSON.stringify([{ Config: config, RepoTags: ["base:12"], Layers: layers }]);
  writeFileSync(path, tar(...entries, rawEntry({ name: "manifest.json" }, json)));
  return path;
}

async function librariesOf(path: string): Promise<readonly string[]> {
  const layout = await openLayout(path);
  if (layout === null) throw new Error("no layout");
  try {
    const image = await openImage(layout, chooseImage(layout, "12"), { os: "linux", architecture: "amd64" });
    const facts = await readBase(image, "/opt/shop");
    return [...facts.libraries, facts.glibc ?? ""];
  } finally {
    await layout.close();
  }
}

test("what docker saved before it knew layouts is a base, its layers checked by what its configuration lists", async () => {
  const [a, b] = [hex("a"), hex("b")];
  const old = save(
    "old.tar",
    [
      rawEntry({ name: `${a}/`, type: "5" }),
      rawEntry({ name: `${a}/layer.tar` }, LOWER),
      rawEntry({ name: `${b}/layer.tar`, type: "2", link: "../shared/layer.tar" }),
      rawEntry({ name: "shared/layer.tar" }, UPPER),
      rawEntry({ name: "config.json" }, CONFIG),
    ],
    [`${a}/layer.tar`, `${b}/layer.tar`],
  );
  expect(await librariesOf(old)).toEqual(["libc.so.6", "libstdc++.so.6", "2.36"]);
});

test("layers of such an archive may be compressed, and its configuration be named by its digest", async () => {
  const entries = [
    rawEntry({ name: digestOf(CONFIG) }, CONFIG),
    rawEntry({ name: "one.tar.gz" }, gzipSync(LOWER)),
    rawEntry({ name: "two.tar.gz" }, gzipSync(UPPER)),
  ];
  expect(await librariesOf(save("crane.tar", entries, ["one.tar.gz", "two.tar.gz"], digestOf(CONFIG)))).toEqual([
    "libc.so.6",
    "libstdc++.so.6",
    "2.36",
  ]);
});

test.each([
  [
    "a layer that is not the one its configuration lists",
    [rawEntry({ name: "config.json" }, CONFIG), rawEntry({ name: "x" }, LOWER), rawEntry({ name: "y" }, LOWER)],
  ],
  ["a layer that is missing", [rawEntry({ name: "config.json" }, CONFIG), rawEntry({ name: "x" }, LOWER)]],
  [
    "a link that leads to itself",
    [rawEntry({ name: "config.json" }, CONFIG), rawEntry({ name: "x" }, LOWER), rawEntry({ name: "y", type: "2", link: "y" })],
  ],
  ["no configuration", [rawEntry({ name: "repositories" }, "{}"), rawEntry({ name: "x" }, LOWER), rawEntry({ name: "y" }, UPPER)]],
])("%s is refused", async (name, entries) => {
  await expect(librariesOf(save(`${hex(name)}.tar`, entries, ["x", "y"]))).rejects.toMatchObject({ code: "IMAGE_INVALID" });
});

test("an image that was saved by two tags is one", async () => {
  const folder = join(scratch, "two-tags");
  makeBase(folder, [["lib/libc.so.6", LIBC]]);
  const layout = await openLayout(folder);
  if (layout === null) throw new Error("no layout");
  const [first] = layout.index.manifests;
  if (first === undefined) throw new Error("no image");
  const named = ["1", "2"].map((tag) => ({ ...first, annotations: { "org.opencontainers.image.ref.name": tag } }));
  const statement = { ...first, digest: digestOf(LOWER), platform: { os: "unknown", architecture: "unknown" } };
  const chosen = chooseImage({ ...layout, index: { schemaVersion: 2, manifests: [...named, statement] } }, null);
  expect(chosen.digest).toBe(first.digest);
});
