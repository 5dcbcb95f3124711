import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { EnvpackError } from "../../support/errors.js";
import { startLimited } from "../../evidence/prove/start-limited.js";
import { findOnPath } from "../../evidence/prove/sandbox/choose.js";
import { otherRootFs, type RootFs } from "../../evidence/prove/sandbox/root-fs.js";

/** Seconds that unpacking a layer may take. */
const PATIENCE = 600;

/**
 * Another root file system: a folder, or a tar, which is extracted.
 *
 * @param folder of the proof's own, for what is extracted
 */
export async function rootFsOf(path: string, folder: string, signal?: AbortSignal): Promise<RootFs> {
  const stats = statSync(resolve(path), { throwIfNoEntry: false });
  if (stats === undefined) throw noRoot(path, "no such file or folder");
  if (stats.isDirectory()) return checkRoot(resolve(path), path);
  const root = join(folder, "rootfs");
  await extract(resolve(path), root, signal);
  return checkRoot(root, path);
}

function checkRoot(root: string, path: string): RootFs {
  const rootFs = otherRootFs(root);
  if (rootFs.shown.some(({ inside }) => ["/lib", "/lib64", "/usr", "/bin", "/nix", "/gnu"].includes(inside))) return rootFs;
  throw noRoot(path, "it has neither /usr nor /lib");
}

function noRoot(path: string, why: string): EnvpackError {
  return new EnvpackError("USAGE", `not a root file system: ${why}`, {
    path,
    hint: "name the folder of one, a tar of one (`docker export`), or an image layout with --image",
  });
}

interface Descriptor {
  readonly digest: string;
  readonly platform?: { readonly architecture?: string };
}

/** The root file system of an OCI image layout: a folder, or a tar of one. Of several images the one for this processor is taken. */
export async function rootFsOfImage(path: string, folder: string, architecture: string, signal?: AbortSignal): Promise<RootFs> {
  const stats = statSync(resolve(path), { throwIfNoEntry: false });
  if (stats === undefined) throw noImage(path, "no such file or folder");
  const layout = stats.isDirectory() ? resolve(path) : join(folder, "layout");
  if (!stats.isDirectory()) await extract(resolve(path), layout, signal);
  const layers = layersOf(layout, path, architecture);
  const root = join(folder, "rootfs");
  mkdirSync(root, { recursive: true });
  for (const [index, layer] of layers.entries()) {
    const staged = join(folder, `layer-${index}`);
    await extract(layer, staged, signal);
    mergeLayer(staged, root, root);
    rmSync(staged, { recursive: true, force: true });
  }
  return checkRoot(root, path);
}

function layersOf(layout: string, path: string, architecture: string): string[] {
  const manifests = (readJson(join(layout, "index.json"), path) as { manifests?: Descriptor[] }).manifests ?? [];
  let manifest = readJson(blobOf(layout, choose(manifests, architecture, path)), path) as {
    manifests?: Descriptor[];
    layers?: Descriptor[];
  };
  if (Array.isArray(manifest.manifests))
    manifest = readJson(blobOf(layout, choose(manifest.manifests, architecture, path)), path) as { layers?: Descriptor[] };
  if (!Array.isArray(manifest.layers)) throw noImage(path, "its manifest names no layers");
  return manifest.layers.map((layer) => blobOf(layout, layer));
}

function choose(manifests: readonly Descriptor[], architecture: string, path: string): Descriptor {
  const found =
    manifests.find(({ platform }) => platform?.architecture === architecture) ?? manifests.find(({ platform }) => platform === undefined);
  if (found === undefined) throw noImage(path, `it has no image for ${architecture}`);
  return found;
}

function blobOf(layout: string, { digest }: Descriptor): string {
  const [, algorithm, hex] = /^(sha256|sha512):([0-9a-f]{64,128})$/.exec(digest) ?? [];
  if (algorithm === undefined || hex === undefined) throw noImage(layout, "it names a digest of no known kind");
  return join(layout, "blobs", algorithm, hex);
}

function readJson(file: string, path: string): unknown {
  try {
    const value: unknown = JSON.parse(readFileSync(file, "utf8"));
    if (typeof value === "object" && value !== null) return value;
  } catch (cause) {
    throw noImage(path, "its index or manifest cannot be read", cause);
  }
  throw noImage(path, "its index or manifest is no object");
}

function noImage(path: string, why: string, cause?: unknown): EnvpackError {
  return new EnvpackError("USAGE", `not an OCI image layout: ${why}`, {
    path,
    hint: "make one: `skopeo copy docker://IMAGE oci:LAYOUT`",
    cause,
  });
}

/** The system's tar reads every compression that layers have; owners and devices are left out, each into a folder of its own. */
async function extract(file: string, folder: string, signal: AbortSignal | undefined): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const tar = findOnPath("tar");
  if (tar === null)
    throw new EnvpackError("CODEC_MISSING", "there is no tar here, which reads root file systems", {
      hint: "install tar, or name a folder",
    });
  const { status, stderr, error } = await startLimited(
    {
      file: tar,
      args: ["-xf", file, "-C", folder, "--no-same-owner", "--no-same-permissions", "--exclude=./dev/*", "--exclude=dev/*"],
      env: { PATH: process.env.PATH ?? "", LANG: "C" },
      cwd: "/",
    },
    { seconds: PATIENCE, signal },
  );
  if (status !== 0)
    throw new EnvpackError("USAGE", `tar cannot read it: ${(error ?? stderr).trim().split("\n")[0]?.slice(0, 200) ?? ""}`, {
      path: file,
      hint: "name a tar, or a folder",
    });
}

/** A name that removes another of the layers before. Source: the OCI image specification, layer.md. */
const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";

/** Lays a layer over those before; no link of one is ever followed out of the root. */
function mergeLayer(from: string, to: string, root: string): void {
  const names = readdirSync(from);
  if (names.includes(OPAQUE)) for (const name of readdirSync(to)) rmSync(join(to, name), { recursive: true, force: true });
  for (const name of names.filter((one) => one.startsWith(WHITEOUT) && one !== OPAQUE))
    rmSync(join(to, name.slice(WHITEOUT.length)), { recursive: true, force: true });
  for (const name of names.filter((one) => !one.startsWith(WHITEOUT))) {
    const [source, target] = [join(from, name), join(to, name)];
    const isFolder = lstatSync(source).isDirectory();
    const there = lstatSync(target, { throwIfNoEntry: false });
    const folder = isFolder ? folderBehind(target, root) : null;
    if (folder !== null) mergeLayer(source, folder, root);
    else {
      if (there !== undefined) rmSync(target, { recursive: true, force: true });
      renameSync(source, target);
    }
  }
}

/** The folder at a path, behind links that are read as if the root were the system's; null: there is none. */
function folderBehind(path: string, root: string, depth = 0): string | null {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory() === true) return path;
  if (stats?.isSymbolicLink() !== true || depth > 8) return null;
  const target = readlinkSync(path);
  const inside = resolve("/", target.startsWith("/") ? target : join(dirname(path).slice(root.length), target));
  const found = join(root, inside);
  // A link on the way would lead elsewhere than its name.
  for (let at = dirname(found); at.length > root.length; at = dirname(at))
    if (lstatSync(at, { throwIfNoEntry: false })?.isDirectory() !== true) return null;
  return folderBehind(found, root, depth + 1);
}
