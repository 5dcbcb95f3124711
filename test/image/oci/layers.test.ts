import { spawnSync } from "node:child_process";
import { createReadStream } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as zlib from "node:zlib";
import { expect, test } from "vitest";
import { NO_TAR } from "../../../src/archive/codec/codec.js";
import { loadZstd } from "../../../src/archive/codec/load-zstd.js";
import { readBase, type BaseFacts } from "../../../src/image/base.js";
import { compressionOf, MEDIA } from "../../../src/image/oci/documents.js";
import type { BlobSource } from "../../../src/image/oci/blobs.js";
import type { OpenImage } from "../../../src/image/oci/image.js";
import { keptSource } from "../../../src/image/oci/kept-source.js";
import { readLayer } from "../../../src/image/oci/layer-entries.js";
import { scratchFolder } from "../../scratch.js";
import { rawEntry } from "../../hostile/raw-tar.js";
import { digestOf } from "../make-base.js";

const END = Buffer.alloc(1024);
const LIBC = "GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n";
const file = (name: string, body = ""): Buffer => rawEntry({ name }, body);
const folder = (name: string): Buffer => rawEntry({ name, type: "5" });
const link = (name: string, to: string, type = "2"): Buffer => rawEntry({ name, type, link: to });

/** Bytes in pieces of an odd length. */
async function* cut(bytes: Buffer, length = 977): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function namesIn(blob: Buffer, tar: Buffer, compression: "zstd" | "gzip"): Promise<string[]> {
  const names: string[] = [];
  const descriptor = { mediaType: `${MEDIA.layer}+${compression}`, digest: digestOf(blob), size: blob.length };
  await readLayer({ name: "the test", open: async () => cut(blob) }, descriptor, digestOf(tar), ({ path }) => {
    names.push(path);
    return null;
  });
  return names;
}

const TAR = Buffer.concat([file("a", "a".repeat(9000)), file("b", "b".repeat(9000)), file("c"), END]);

test("a layer of several zstd frames, with skippable ones around them, is read to its end", async () => {
  const codec = await loadZstd();
  const half = 8192;
  // The second frame bears the mark of a part, which is a skippable frame; another one stands at the end.
  const frames = [codec.encode(TAR.subarray(0, half), 3, false), codec.encode(TAR.subarray(half), 3, true)];
  const footer = codec.stream?.wrapFooter(Buffer.from("footer"), NO_TAR) ?? Buffer.alloc(0);
  expect(footer.length).toBeGreaterThan(8);
  expect(await namesIn(Buffer.concat([footer, ...frames, footer]), TAR, "zstd")).toEqual(["a", "b", "c"]);
  await expect(namesIn(Buffer.concat(frames).subarray(0, -3), TAR, "zstd")).rejects.toMatchObject({ code: "IMAGE_INVALID" });
  await expect(namesIn(Buffer.concat([...frames, Buffer.from("rest")]), TAR, "zstd")).rejects.toMatchObject({ code: "IMAGE_INVALID" });
});

test("a frame of another program's, whose size is not told, is read, or it is said which Node.js can", async ({ skip }) => {
  const made = spawnSync("zstd", ["-q", "-c", "-19"], { input: TAR });
  if (made.status !== 0) return skip("no zstd here");
  const reading = namesIn(made.stdout, TAR, "zstd");
  if (typeof zlib.createZstdDecompress === "function") expect(await reading).toEqual(["a", "b", "c"]);
  else await expect(reading).rejects.toMatchObject({ code: "CODEC_MISSING", path: "the test", hint: expect.stringContaining("22.15") });
});

test("a layer of several gzip members is read to its end", async () => {
  const members = Buffer.concat([zlib.gzipSync(TAR.subarray(0, 700)), zlib.gzipSync(TAR.subarray(700))]);
  expect(await namesIn(members, TAR, "gzip")).toEqual(["a", "b", "c"]);
});

/** What a base of these layers, each a list of entries, is found to hold. */
async function factsOf(...layers: readonly (readonly Buffer[])[]): Promise<BaseFacts> {
  const tars = layers.map((entries) => Buffer.concat([...entries, END]));
  const byDigest = new Map(tars.map((tar) => [digestOf(tar), tar]));
  const image = {
    manifest: { layers: tars.map((tar) => ({ mediaType: MEDIA.layer, digest: digestOf(tar), size: tar.length })) },
    config: { rootfs: { diff_ids: tars.map(digestOf) } },
    source: { name: "the test", open: async ({ digest }: { digest: string }) => cut(byDigest.get(digest) ?? END) },
  };
  return readBase(image as unknown as OpenImage, "/opt/shop");
}

const LOWER = [
  folder("usr"),
  folder("usr/lib"),
  file("usr/lib/libc.so.6", LIBC),
  file("usr/lib/libold.so.1"),
  folder("opt"),
  folder("opt/shop"),
];

test("a layer that is compressed once more is refused, for the second time has no limit", async () => {
  const inner = zlib.gzipSync(TAR);
  await expect(namesIn(zlib.gzipSync(inner), inner, "gzip")).rejects.toMatchObject({
    code: "IMAGE_INVALID",
    message: expect.stringContaining("twice"),
  });
});

test("a disk that keeps nothing, or does not give what it has, is told as that, and not as a damaged image", async () => {
  const descriptor = { mediaType: MEDIA.layer, digest: digestOf(TAR), size: TAR.length };
  const read = (source: BlobSource): Promise<void> => readLayer(source, descriptor, digestOf(TAR), () => null);
  const good = { name: "the test", open: async () => cut(TAR) };
  await read(keptSource(good, scratchFolder("kept")));
  await expect(read(keptSource(good, join(tmpdir(), "not-there")))).rejects.toMatchObject({
    code: "IO",
    message: expect.stringContaining("cannot keep what was fetched"),
  });
  const gone = { name: "the test", open: async () => createReadStream(join(tmpdir(), "not-there")) };
  await expect(read(gone)).rejects.toMatchObject({
    code: "IO",
    message: expect.stringContaining("cannot read the image"),
    path: "the test",
  });
});

test("whiteouts and opaque folders take from the layers below, and leave what stands in their own", async () => {
  const gone = await factsOf(LOWER, [file("usr/lib/.wh.libold.so.1"), file("opt/.wh.shop")]);
  expect([[...gone.libraries], [...gone.above.keys()], gone.glibc]).toEqual([["libc.so.6"], ["opt"], "2.36"]);
  // The order within a layer says nothing: the marker may come last.
  const opaque = await factsOf(LOWER, [file("usr/lib/libnew.so.2"), file("usr/lib/.wh..wh..opq")]);
  expect([...opaque.libraries]).toEqual(["libnew.so.2"]);
  expect(opaque.libc).toBe(null);
  const again = await factsOf(LOWER, [file("usr/lib/libold.so.1"), file("usr/lib/.wh.libold.so.1")]);
  expect(again.libraries.has("libold.so.1")).toBe(true);
  const all = await factsOf(LOWER, [file(".wh..wh..opq"), file("lib/ld-musl-x86_64.so.1")]);
  expect([all.libc, [...all.above.keys()]]).toEqual(["musl", []]);
});

test("links are libraries as files are, and one in a folder's place takes away what lay below", async () => {
  const hard = await factsOf([folder("lib"), file("lib/libc-2.31.so", LIBC), link("lib/libc.so.6", "lib/libc-2.31.so", "1")]);
  expect([hard.libc, hard.glibc]).toEqual(["glibc", "2.36"]);
  const soft = await factsOf(LOWER, [link("usr/lib", "../lib"), link("opt", "/elsewhere")]);
  expect([[...soft.libraries], [...soft.above]]).toEqual([[], [["opt", "symlink"]]]);
});

test("kinds of layers are told by docker's names as well", () => {
  expect(
    ["application/vnd.docker.image.rootfs.diff.tar.gzip", "application/vnd.docker.image.rootfs.diff.tar.zstd", "application/x-tar"].map(
      compressionOf,
    ),
  ).toEqual(["gzip", "zstd", null]);
});
