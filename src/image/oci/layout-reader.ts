import { createReadStream } from "node:fs";
import { lstat, open, readFile, type FileHandle } from "node:fs/promises";
import { join, posix } from "node:path";
import { Header } from "tar/header";
import { BLOCK, paddedSize } from "../../archive/tar/header-fields.js";
import { EnvpackError, explainError } from "../../support/errors.js";
import { readArtifact, type Artifact } from "./artifact.js";
import { inMemory, type BlobSource } from "./blobs.js";
import { readDockerArchive, type Place, type TarFiles } from "./docker-archive.js";
import { decodeIndex, invalidImage, MAX_DOCUMENT, type Descriptor, type ImageIndex } from "./documents.js";
import { blobPath } from "./layout-writer.js";

/** An image layout that is read: a folder, a tar of one, or what docker wrote before it knew layouts. */
export interface Layout extends BlobSource {
  /** Absolute. */
  readonly path: string;
  readonly index: ImageIndex;
  /** Bytes of a blob as it lies there; null where it is missing. */
  sizeOf(digest: string): Promise<number | null>;
  close(): Promise<void>;
}

/** Files of a layout's tar: a blob for each layer of each image, and a few more. */
const MOST_FILES = 100_000;
const CHUNK = 1 << 20;
/** What layouts in a tar begin with, those of docker among them. An archive of envpack's begins with `.envpack`, or a root folder. */
const FIRST_NAME =
  /^(?:\.\/?$|(?:\.\/)?(?:blobs|oci-layout|index\.json|manifest\.json|config\.json|repositories|(?:sha256:)?[0-9a-f]{64})(?:$|[./]))/;
/** Links that lead on to others. */
const MOST_LINKS = 8;

/**
 * Opens a layout.
 *
 * @param path absolute
 * @returns null where it is something else
 * @throws EnvpackError IMAGE_INVALID where it is a damaged one
 */
export async function openLayout(path: string): Promise<Layout | null> {
  try {
    const stats = await lstat(path);
    if (stats.isDirectory())
      return (await lstat(join(path, "oci-layout")).catch(() => null))?.isFile() === true ? await openFolder(path) : null;
    return stats.isFile() || stats.isSymbolicLink() ? await openTar(path) : null;
  } catch (error) {
    throw explainError(error, "cannot read the image", path);
  }
}

async function openFolder(path: string): Promise<Layout> {
  const file = (digest: string): string => join(path, blobPath(digest));
  const sizeOf = async (digest: string): Promise<number | null> => {
    const stats = await lstat(file(digest)).catch(() => null);
    return stats?.isFile() === true ? stats.size : null;
  };
  const json = join(path, "index.json");
  if (((await lstat(json).catch(() => null))?.size ?? Infinity) > MAX_DOCUMENT)
    throw invalidImage("it has no index.json, or too long a one", path);
  return {
    name: path,
    path,
    index: decodeIndex(await readFile(json), path),
    sizeOf,
    open: async ({ digest }) => ((await sizeOf(digest)) === null ? null : createReadStream(file(digest), { highWaterMark: CHUNK })),
    close: () => Promise.resolve(),
  };
}

async function openTar(path: string): Promise<Layout | null> {
  const handle = await open(path);
  try {
    const files = await listTar(handle, path);
    const layout = files === null ? null : await layoutOf(files, handle, path);
    if (layout === null) await handle.close();
    return layout;
  } catch (error) {
    await handle.close().catch(() => undefined);
    throw error;
  }
}

async function layoutOf(files: TarFiles, handle: FileHandle, path: string): Promise<Layout | null> {
  const json = files.find("oci-layout") === undefined ? undefined : files.find("index.json");
  if (json === undefined) {
    const saved = files.find("manifest.json");
    return saved === undefined ? null : layoutOfDocker(files, saved, handle, path);
  }
  return {
    name: path,
    path,
    index: decodeIndex(await readJson(handle, json, path), path),
    sizeOf: async (digest) => files.find(blobPath(digest))?.size ?? null,
    open: async ({ digest }) => {
      const place = files.find(blobPath(digest));
      return place === undefined ? null : readRange(handle, place);
    },
    close: () => handle.close(),
  };
}

async function layoutOfDocker(files: TarFiles, json: Place, handle: FileHandle, path: string): Promise<Layout> {
  const { index, places, made } = await readDockerArchive(await readJson(handle, json, path), files, path);
  const open: Layout["open"] = async ({ digest }) => {
    const place = places.get(digest);
    const bytes = made.get(digest);
    if (bytes !== undefined) return inMemory(path, bytes).open({ digest, size: bytes.length });
    return place === undefined ? null : readRange(handle, place);
  };
  return {
    name: path,
    path,
    index,
    sizeOf: async (digest) => made.get(digest)?.length ?? places.get(digest)?.size ?? null,
    open,
    close: () => handle.close(),
  };
}

async function readJson(handle: FileHandle, { at, size }: Place, path: string): Promise<Buffer> {
  if (size > MAX_DOCUMENT) throw invalidImage("its list of images is too long", path);
  return (await handle.read(Buffer.alloc(size), 0, size, at)).buffer;
}

/** Where the files of a tar lie, by name; null where it is no tar. Names are looked up and never written to. */
async function listTar(handle: FileHandle, path: string): Promise<TarFiles | null> {
  const { size: end } = await handle.stat();
  const files = new Map<string, Place>();
  const links = new Map<string, string>();
  const listed: TarFiles = {
    find: (name) => files.get(followLinks(name, links)),
    read: (place) => readRange(handle, place),
  };
  const block = Buffer.alloc(BLOCK);
  for (let at = 0; at + BLOCK <= end;) {
    await handle.read(block, 0, BLOCK, at);
    if (block.every((byte) => byte === 0)) return listed;
    const { type, size = 0, path: name = "", linkpath = "", cksumValid } = readHeader(block);
    if (!cksumValid || size < 0 || !Number.isSafeInteger(size)) {
      if (files.size === 0) return null;
      throw invalidImage("its tar is damaged", path);
    }
    // Nearly every other tar begins with something else, and need not be read to its end.
    if (at === 0 && !FIRST_NAME.test(name)) return null;
    at += BLOCK;
    const plain = name.replace(/^\.\//, "");
    if (type === "File" || type === "OldFile") files.set(plain, { at, size });
    // `docker save` stores a layer that two images share once.
    if (type === "SymbolicLink") links.set(plain, posix.join(posix.dirname(plain), linkpath));
    if (type === "Link") links.set(plain, posix.normalize(linkpath));
    if (files.size + links.size > MOST_FILES || at + size > end) throw invalidImage("its tar is cut, or holds too much", path);
    at += paddedSize(size);
  }
  return files.size === 0 ? null : listed;
}

function followLinks(name: string, links: ReadonlyMap<string, string>): string {
  let at = posix.normalize(name);
  for (let count = 0; count < MOST_LINKS; count++) at = links.get(at) ?? at;
  return at;
}

/** What is no header at all the parser throws at. */
function readHeader(block: Buffer): Pick<Header, "type" | "size" | "path" | "linkpath" | "cksumValid"> {
  try {
    return new Header(block);
  } catch {
    return { type: "Unsupported", size: -1, path: "", linkpath: "", cksumValid: false };
  }
}

async function* readRange(handle: FileHandle, { at, size }: Place): AsyncGenerator<Uint8Array> {
  for (let done = 0; done < size;) {
    const { buffer, bytesRead } = await handle.read(
      Buffer.allocUnsafe(Math.min(CHUNK, size - done)),
      0,
      Math.min(CHUNK, size - done),
      at + done,
    );
    if (bytesRead === 0) return;
    done += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** What is attached to images of a layout, with the digest of what it is attached to. */
export async function listArtifacts(layout: Layout): Promise<readonly Artifact[]> {
  const found: Artifact[] = [];
  for (const descriptor of layout.index.manifests.filter(isArtifact)) {
    const artifact = await readArtifact(layout, descriptor);
    if (artifact !== null) found.push(artifact);
  }
  return found;
}

/** Artifacts have a type, which images have not, and no name; statements of BuildKit's are for an unknown platform. */
function isArtifact({ artifactType, platform }: Descriptor): boolean {
  return artifactType !== undefined || platform?.os === "unknown";
}

/** The image of a layout that is meant: the only one, or that of the tag. */
export function chooseImage({ index, path }: Layout, tag: string | null): Descriptor {
  const manifests = index.manifests.filter((one) => !isArtifact(one));
  const tagged =
    tag === null ? manifests : manifests.filter(({ annotations }) => annotations?.["org.opencontainers.image.ref.name"] === tag);
  const [first, ...rest] = tagged;
  // One that `docker save` was given by several tags stands there once for each.
  const others = rest.filter(({ digest }) => digest !== first?.digest);
  if (first === undefined)
    throw new EnvpackError("IMAGE_INVALID", tag === null ? "the layout holds no image" : `the layout holds no image of the tag ${tag}`, {
      path,
      hint: "`skopeo list-tags oci:PATH` lists what it holds",
    });
  if (others.length > 0)
    throw new EnvpackError("IMAGE_INVALID", "the layout holds several images", {
      path,
      hint: "make one with the image alone that is meant",
    });
  return first;
}
