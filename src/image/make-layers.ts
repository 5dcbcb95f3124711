import type { PlannedEntry, PlannedFile } from "../archive/entry.js";
import { encodeEnd, encodeFrame, encodeHead, isLineOf, sizeInLine } from "../archive/index/index-lines.js";
import { headerOfIndex } from "../archive/index/index-header.js";
import { paddedSize } from "../archive/tar/header-fields.js";
import { checkTree } from "../archive/tree.js";
import { keyOfLayer, writeLayer, type LayerContent, type LayerFindings, type LayerMaker } from "../engine/write/write-layer.js";
import type { FileHits } from "../scan/scan.js";
import type { BlobSource } from "./oci/blobs.js";
import { MEDIA, type Descriptor } from "./oci/documents.js";
import { copyBlob, type LayoutWriter } from "./oci/layout-writer.js";
import { append } from "../support/append.js";
import { EnvpackError } from "../support/errors.js";
import { createHash } from "node:crypto";
import { encodeFolders } from "./libc/raw-tar.js";
import { isLayer, recall, remember, type RememberedLayer } from "./remembered-layers.js";
import { splitLayers } from "./split-layers.js";
import type { ImageSubject } from "./subject.js";

/** A layer of the image that was made, or that is known to be made already. */
export interface MadeLayer {
  readonly role: string;
  readonly descriptor: Descriptor;
  readonly diffId: string;
  /** Where it came from without a file being read: an earlier layout, the registry; null: it was made. */
  readonly from: "layout" | "registry" | null;
}

export interface LayerSources {
  readonly writer: LayoutWriter;
  /** An earlier layout, whose layers may be taken over. */
  readonly previous: BlobSource | null;
  /** Whether the registries that the image goes to have a blob already, so that its bytes are not needed here. */
  readonly isThere: (digest: string) => Promise<boolean>;
  /** Whether layers may be taken from elsewhere, and are remembered. */
  readonly reuse: boolean;
  /** When the packing began, in milliseconds since 1970. */
  readonly began: number;
}

export interface LayersRequest extends LayerSources {
  readonly subject: ImageSubject;
  readonly maker: LayerMaker;
  /** A tar of the system's files, where there is no base; null with one. */
  readonly system: Uint8Array | null;
  /** As of WriteRequest. */
  readonly tail: (hits: readonly FileHits[], digest: string) => readonly PlannedFile[];
}

export interface MadeLayers {
  readonly layers: readonly MadeLayer[];
  /** Entries and content of the environment, without its index. */
  readonly entries: number;
  readonly bytes: number;
  readonly indexSha256: string;
  /** Of content that was not read, since its layer is unchanged. */
  readonly reusedBytes: number;
}

/** A file that was changed as late as this before the packing may change again within a tick of its clock. */
const TICK = 2000;
const NEWLINE = 10;

/** Makes the layers of an environment, from what changes least to what changes most; the last one holds the index. */
export async function makeLayers(request: LayersRequest): Promise<MadeLayers> {
  const { subject, maker, system } = request;
  const planned = splitLayers(subject.entries, subject.manifest.kind);
  const head = new Uint8Array(encodeFolders(subject.prefix.slice(1), maker.shape.mtime));
  checkTree(subject.entries);
  const book = new IndexBook(maker);
  const layers: MadeLayer[] = [];
  let reusedBytes = 0;
  if (system !== null) layers.push((await makeLayer("system", { head: system, entries: [] }, request)).layer);
  for (const { role, entries } of planned) {
    if (role === "application") continue;
    const { layer, found } = await makeLayer(role, { head, entries }, request);
    book.add(found);
    layers.push(layer);
    if (layer.from !== null) reusedBytes += sizeOf(entries);
  }
  const entries = planned.find(({ role }) => role === "application")?.entries ?? [];
  layers.push(await writeOwn({ head, entries, ...closingOf(book, request) }, request));
  return { layers, entries: book.entries, bytes: book.bytes, indexSha256: book.sha256, reusedBytes };
}

function closingOf(book: IndexBook, { tail, maker }: LayersRequest): Pick<LayerContent, "tail" | "closing"> {
  return {
    tail: (found) => {
      book.add(found);
      return tail(book.hits, book.digest);
    },
    // The tail's own lines come behind those that are in the book.
    closing: (found) => book.finish(found, maker),
  };
}

function sizeOf(entries: readonly PlannedEntry[]): number {
  return entries.reduce((sum, entry) => sum + (entry.type === "file" ? entry.size : 0), 0);
}

function mediaTypeOf({ codec }: LayerMaker): string {
  return `${MEDIA.layer}+${codec}`;
}

/** The last layer is written each time: it is small, and its index tells of all others. */
async function writeOwn(content: LayerContent, { writer, maker }: LayersRequest): Promise<MadeLayer> {
  let diffId = "";
  const descriptor = await writer.addBlob(mediaTypeOf(maker), async (write) => {
    ({ diffId } = await writeLayer(maker, content, write));
  });
  return { role: "application", descriptor, diffId, from: null };
}

async function makeLayer(
  role: string,
  content: LayerContent,
  request: LayersRequest,
): Promise<{ readonly layer: MadeLayer; readonly found: LayerFindings }> {
  const { maker, writer, reuse, began } = request;
  const mediaType = mediaTypeOf(maker);
  const { key, changed } = reuse ? await keyOfLayer(maker, content) : { key: "", changed: Infinity };
  const known = reuse ? await recall<RememberedLayer>(key, isLayer) : null;
  if (known !== null) {
    const { digest, size, diffId, hits } = known.value;
    const descriptor = { mediaType, digest, size };
    const from = await takeOver(descriptor, request);
    if (from !== null) {
      maker.onBytes?.(sizeOf(content.entries));
      return { layer: { role, descriptor, diffId, from }, found: { lines: [known.bytes], hits } };
    }
  }
  let found: LayerFindings & { readonly diffId: string } = { lines: [], hits: [], diffId: "" };
  const descriptor = await writer.addBlob(mediaType, async (write) => {
    found = await writeLayer(maker, content, write);
  });
  const { digest, size } = descriptor;
  const { diffId, hits, lines } = found;
  if (changed < began - TICK) remember(key, { digest, size, diffId, hits } satisfies RememberedLayer, lines);
  return { layer: { role, descriptor, diffId, from: null }, found };
}

/** A layer that is damaged in the earlier layout is made again. */
async function takeOver(descriptor: Descriptor, { writer, previous, isThere }: LayersRequest): Promise<MadeLayer["from"]> {
  if (await isThere(descriptor.digest)) return "registry";
  if (previous === null || (await previous.open(descriptor)) === null) return null;
  try {
    await copyBlob(previous, descriptor, writer);
    return "layout";
  } catch (error) {
    if (error instanceof EnvpackError && error.code === "IMAGE_INVALID") return null;
    throw error;
  }
}

/** Gathers the index of an environment from the lines of its layers; folders stand in several and are listed once. */
class IndexBook {
  readonly hits: FileHits[] = [];
  readonly #shape: LayerMaker["shape"];
  readonly #folders = new Set<string>();
  readonly #hash = createHash("sha256");
  /** As bytes: as texts they would take three times the memory. */
  #lines: Uint8Array[] = [];
  #taken = 0;
  entries = 0;
  bytes = 0;
  sha256 = "";

  constructor({ shape }: LayerMaker) {
    this.#shape = shape;
  }

  /** SHA-256 in hex over the lines so far. */
  get digest(): string {
    return this.#hash.copy().digest("hex");
  }

  add({ lines, hits }: LayerFindings): void {
    for (const some of lines) this.#take(some);
    append(this.hits, hits);
    this.#taken = lines.length;
  }

  /** The index as it stands in the tar, with its header and padding. No frame of an archive holds these entries: one that is empty stands for all. */
  finish({ lines }: LayerFindings, { shape }: LayerMaker): readonly Uint8Array[] {
    for (const some of lines.slice(this.#taken)) this.#take(some);
    const head = encodeHead({ format: "tar", ...shape }) + encodeFrame({ at: 0, size: 0, tar: 0, crc32: 0 });
    const end = encodeEnd({ entries: this.entries, bytes: this.bytes, frames: 1 });
    const parts = [Buffer.from(head), ...this.#lines, Buffer.from(end)];
    this.#lines = [];
    const hash = createHash("sha256");
    let size = 0;
    for (const part of parts) {
      hash.update(part);
      size += part.length;
    }
    this.sha256 = hash.digest("hex");
    return [headerOfIndex(size, this.sha256, this.#shape), ...parts, Buffer.alloc(paddedSize(size) - size)];
  }

  #take(lines: Uint8Array): void {
    const bytes = Buffer.from(lines.buffer, lines.byteOffset, lines.length);
    let from = 0;
    for (let at = 0, next = 0; at < bytes.length; at = next) {
      next = bytes.indexOf(NEWLINE, at) + 1;
      if (isLineOf("directory", bytes, at)) {
        const line = bytes.toString("latin1", at, next);
        if (this.#folders.has(line)) {
          this.#keep(bytes.subarray(from, at));
          from = next;
          continue;
        }
        this.#folders.add(line);
      }
      this.entries++;
      if (isLineOf("file", bytes, at)) this.bytes += sizeInLine(bytes, next);
    }
    this.#keep(bytes.subarray(from));
  }

  #keep(lines: Uint8Array): void {
    if (lines.length === 0) return;
    this.#lines.push(lines);
    this.#hash.update(lines);
  }
}
