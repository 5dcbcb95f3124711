import type { StoredBytes } from "../../archive/byte-source.js";
import type { Decoder } from "../../archive/codec/codec.js";
import type { DeclaredTotals } from "../../archive/index/declared-totals.js";
import type { ArchiveFile, OpenOptions } from "../../archive/read.js";
import type { SignatureRule } from "../../archive/signing/rule.js";
import type { StubFields } from "../../archive/stub/header.js";
import type { ArchiveStart } from "../../archive/preamble.js";
import type { FrameDirectory } from "./extract-frame.js";

/** A frame, and what is known of it before it is decompressed. */
export type SourceFrame = StreamFrame | FileFrame;

/** A frame as it came. */
export interface StreamFrame extends FrameHead {
  readonly bytes: Buffer<ArrayBuffer>;
}

/** A frame of a file, for a thread to read; behind the first one those that go on with its large file, to be read with it. */
export interface FileFrame extends FrameHead {
  readonly stored: readonly StoredBytes[];
}

interface FrameHead {
  readonly part: boolean | null;
  /** Its place in the index's list of frames; -1 where the index is not known yet. */
  readonly number: number;
  /** Of a zip: what the directory has of its entries. */
  readonly directory?: FrameDirectory;
}

/** An archive of which the manifest was read, and of a file the footer, nothing else: nothing vouches for the manifest yet. */
export interface OpenedInput {
  readonly start: ArchiveStart;
  /** What the script in front of the archive says; null where there is none. */
  readonly stub: StubFields | null;
  /** Of a file: reads all of it for the digest that the script names. A stream's is found out when it is read. */
  checkStub(): Promise<void>;
  /**
   * Goes on to the frames. Of a file, index and tree are read and checked first.
   *
   * @param limits what the manifest declares, to hold the archive to
   */
  begin(limits: DeclaredTotals): Promise<Source>;
  /** An error as it is told: of a file, a refusal that names no entry is one of the archive itself. */
  explain(error: unknown): unknown;
  close(): Promise<void>;
}

/** An archive as the engine reads it: from a file by its index, from a stream front to back. */
export interface Source {
  readonly decoder: Decoder;
  readonly start: ArchiveStart;
  readonly limits: DeclaredTotals;
  /** What a file tells before its frames are read; null of a stream, where it comes last. */
  readonly file: Pick<ArchiveFile, "index" | "footer" | "sums"> | null;
  /** Of a stream: the signature that it must bear, which its end tells. */
  readonly signature: SignatureRule | undefined;
  /**
   * The frames in order; of a stream also those of the index, and the footer after them.
   *
   * @param wanted which frames of a file to read
   */
  frames(wanted: (number: number) => boolean): AsyncGenerator<SourceFrame>;
  /** The index file of a file, piece by piece. */
  readIndex(): AsyncGenerator<Buffer>;
  /** The footer's bytes of a stream, once its frames have come to their end. */
  readFooter(): Buffer | null;
}

export interface InputOptions extends OpenOptions {
  readonly signal?: AbortSignal;
}
