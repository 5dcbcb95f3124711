import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { create } from "tar";
import { MEDIA } from "../../src/image/oci/documents.js";

export const digestOf = (bytes: Uint8Array): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** A file's text, or a folder's. */
export function write(file: string, text: string | Buffer): void {
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, text);
}

/** What a base has by which its C library is known: glibc 2.36. */
export const LIBC = ["lib/libc.so.6", "x GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n"] as const;

/** A project without dependencies that an image can be made of, and a base that it can stand on. */
export function writeShop(project: string, base: string): void {
  write(join(project, "package.json"), JSON.stringify({ name: "shop", version: "1.4.0", main: "server.js" }));
  write(join(project, "server.js"), "console.log(1)\n");
  makeBase(base, [LIBC, ["usr/bin/node", "node"]]);
}

/** A layout with one layer that holds these files. */
export function makeBase(folder: string, files: readonly (readonly [string, string])[], architecture = "amd64"): void {
  const tree = `${folder}.tree`;
  for (const [path, text] of files) write(join(tree, path), text);
  makeLayout(folder, tree, architecture);
}

/** A layout with one layer that holds a tree, made by other means than envpack's. */
export function makeLayout(folder: string, tree: string, architecture: string): void {
  const layer = `${folder}.tar`;
  create({ file: layer, cwd: tree, sync: true, portable: true }, readdirSync(tree));
  const put = (bytes: Buffer, mediaType: string): object => {
    write(join(folder, "blobs/sha256", digestOf(bytes).slice(7)), bytes);
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  };
  const tar = readFileSync(layer);
  const config = put(
    Buffer.from(
      JSON.stringify({
        architecture,
        os: "linux",
        config: { Env: ["PATH=/usr/bin", "LANG=C.UTF-8"], User: "root" },
        rootfs: { type: "layers", diff_ids: [digestOf(tar)] },
      }),
    ),
    MEDIA.config,
  );
  const manifest = put(
    Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.manifest, config, layers: [put(tar, MEDIA.layer)] })),
    MEDIA.manifest,
  );
  write(join(folder, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [manifest] }));
  write(join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
}

/** Adds a layer to the only image of a layout, as a build on top of it does. */
export function addLayer(folder: string, tar: Buffer): void {
  change(folder, ({ manifest, config, put }) => {
    config.rootfs.diff_ids.push(digestOf(tar));
    manifest.layers.push(put(tar, MEDIA.layer));
  });
}

/** Gives the only image of a layout what its containers start with. */
export function setRunConfig(folder: string, runConfig: object): void {
  change(folder, ({ config }) => {
    config.config = runConfig;
  });
}

type Put = (bytes: Buffer, mediaType: string) => { mediaType: string; digest: string; size: number };

function change(folder: string, work: (parts: { manifest: Manifest; config: Config; put: Put }) => void): void {
  const at = (digest: string): string => join(folder, "blobs/sha256", digest.slice(7));
  const put: Put = (bytes, mediaType) => {
    write(at(digestOf(bytes)), bytes);
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  };
  const read = (digest: string): never => JSON.parse(readFileSync(at(digest), "utf8")) as never;
  const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as { manifests: { digest: string }[] };
  const manifest: Manifest = read(index.manifests[0]?.digest ?? "");
  const config: Config = read(manifest.config.digest);
  work({ manifest, config, put });
  manifest.config = put(Buffer.from(JSON.stringify(config)), MEDIA.config);
  index.manifests = [put(Buffer.from(JSON.stringify(manifest)), MEDIA.manifest)];
  writeFileSync(join(folder, "index.json"), JSON.stringify(index));
}

/** What is changed of the documents of a layout. */
interface Manifest {
  config: { digest: string };
  readonly layers: object[];
}

interface Config {
  config: object;
  readonly rootfs: { readonly diff_ids: string[] };
}
