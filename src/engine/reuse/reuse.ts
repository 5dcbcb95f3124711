import { open, type FileHandle } from "node:fs/promises";
import { sourceOfFile } from "../../archive/byte-source.js";
import { openContainer } from "../../archive/container/open.js";
import { nameArchive } from "../../archive/read.js";
import { skipStub } from "../../archive/stub/stub.js";
import { EnvpackError, explainError } from "../../support/errors.js";
import type { Notice } from "../../support/progress.js";
import type { FrameTask } from "../write/frame-tasks.js";
import type { PackedFrame } from "../write/packed-frame.js";
import type { FrameKey } from "./frame-key.js";
import { readRecords, RecordWriter, type RememberedFrame } from "./records.js";
import type { TakenFrame } from "./take-frame.js";

/** Where a frame came to stand, and the digest of the large file that ended with it. */
export interface PlacedFrame {
  readonly at: number;
  readonly size: number;
  readonly fileSha256: string | null;
}

/**
 * Milliseconds by which a file's last change must lie before the packing: one that is written to
 * again within the same tick of its file system's clock looks unchanged. FAT's ticks are the longest.
 */
const TICK = 2000;

/** An earlier archive whose frames may be taken over. */
interface Previous {
  readonly path: string;
  /** Whether the user named it. */
  readonly required: boolean;
  readonly handle: FileHandle;
  /** Where the archive begins in its file. */
  readonly base: number;
  readonly frames: ReadonlyMap<string, () => string>;
}

/**
 * Takes the frames of which nothing has changed from an earlier archive, and remembers those of this one.
 * What tells that nothing has changed lies in the user's cache; what is taken is checked against the
 * digest that stands there, so a damaged archive gives nothing (see `takeFrame`).
 */
export class Reuse {
  readonly #previous: Previous | null;
  readonly #records = new RecordWriter();
  readonly #began: number;
  /** Pieces of a large file whose digest is not known yet. */
  readonly #waiting: { readonly key: string; readonly frame: Omit<RememberedFrame, "digests"> }[] = [];
  #bytes = 0;

  /** @param began when the packing began, in milliseconds since 1970 */
  constructor(previous: Previous | null, began: number) {
    this.#previous = previous;
    this.#began = began;
  }

  /** Bytes of content that were taken over. */
  get bytes(): number {
    return this.#bytes;
  }

  /** That nothing is known of the archive that was asked for, or that the cache is not used. */
  get notices(): readonly Notice[] {
    const { required = false, frames, path } = this.#previous ?? {};
    const ignored = this.#records.notice === null ? [] : [this.#records.notice];
    if (!required || frames?.size !== 0) return ignored;
    const message =
      "nothing is remembered of the archive to reuse, at least not for this user on this machine: everything was packed afresh";
    return [...ignored, { code: "NOTHING_TO_REUSE", message, path }];
  }

  /** Where the frame stands in the earlier archive; undefined where it has to be made. */
  find({ key }: FrameKey): TakenFrame | undefined {
    const record = this.#previous?.frames.get(key);
    return this.#previous === null || record === undefined
      ? undefined
      : { descriptor: this.#previous.handle.fd, base: this.#previous.base, record: record() };
  }

  /** Remembers a frame; in archive order. */
  note({ key, changed }: FrameKey, { task, bytes }: FrameTask, packed: PackedFrame, { at, size, fileSha256 }: PlacedFrame): void {
    if (packed.isTaken) this.#bytes += bytes;
    const { tar, tarCrc32, crc32, sha256, hits, binary, digests } = packed;
    const isSettled = changed < this.#began - TICK;
    const frame = { at, size, tar, tarCrc32, crc32, sha256, hits, binary };
    if (task.kind !== "piece") {
      if (isSettled) this.#records.add(key, { ...frame, digests: base64(digests) });
      return;
    }
    if (isSettled) this.#waiting.push({ key, frame });
    if (fileSha256 === null) return;
    const digest = base64(Buffer.from(fileSha256, "hex"));
    for (const piece of this.#waiting.splice(0)) this.#records.add(piece.key, { ...piece.frame, digests: digest });
  }

  finish(indexSha256: string): void {
    this.#records.finish(indexSha256);
  }

  async close(): Promise<void> {
    this.#records.abort();
    await this.#previous?.handle.close();
  }
}

/**
 * Opens an earlier archive to take frames from.
 *
 * @param path absolute; null for none: then the new archive's frames are remembered only
 * @param required whether it must be an archive; else what is none is not used
 * @throws EnvpackError NOT_AN_ARCHIVE, ARCHIVE_CORRUPT, IO …
 */
export async function openReuse(path: string | null, required: boolean, began: number): Promise<Reuse> {
  return new Reuse(path === null ? null : await openPrevious(path, required), began);
}

async function openPrevious(path: string, required: boolean): Promise<Previous | null> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path);
    const { source } = await skipStub(await sourceOfFile(handle));
    const { footer } = await openContainer(source);
    return { path, required, handle, base: source.base, frames: await readRecords(footer.indexSha256) };
  } catch (error) {
    await handle?.close();
    if (!required) return null;
    const explained = explainError(error, "cannot read the archive to reuse", path);
    throw explained instanceof EnvpackError ? nameArchive(explained, path) : explained;
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}
