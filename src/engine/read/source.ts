import type { StoredBytes } from "../../archive/byte-source.js";
import type { Decoder } from "../../archive/codec/codec.js";
import type { DeclaredTotals } from "../../archive/index/declared-totals.js";
import type { Listed } from "../../archive/index/partial-index.js";
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
  /** Whether these are all of them: else they come one by one. */
  readonly isWhole: boolean;
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
   * Goes on to the frames; of a file, begins to read the index and to check it and the tree that it tells.
   *
   * @param limits what the manifest declares, to hold the archive to
   * @param takeIndex of a file: is given the index file, piece by piece, before any of the frames that it lists
   */
  begin(limits: DeclaredTotals, takeIndex: (content: Buffer) => void): Source;
  /** An error as it is told: of a file, a refusal that names no entry is one of the archive itself. */
  explain(error: unknown): unknown;
  close(): Promise<void>;
}

/** An archive as the engine reads it: from a file by its index, from a stream front to back. */
export interface Source {
  readonly decoder: Decoder;
  readonly start: ArchiveStart;
  readonly limits: DeclaredTotals;
  /** What a file's index lists, while it is read; null of a stream, where it comes last. */
  readonly listed: Listed | null;
  /** What a file tells besides its frames, once its index was read and all of it is right; null of a stream. */
  readonly file: Promise<Pick<ArchiveFile, "index" | "footer" | "sums">> | null;
  /** Of a stream: the signature that it must bear, which its end tells. */
  readonly signature: SignatureRule | undefined;
  /**
   * The frames in order: of a file as soon as they are listed; of a stream also those of the index, and the footer after them.
   *
   * @param wanted which frames of a file to read
   */
  frames(wanted: (number: number) => boolean): AsyncGenerator<SourceFrame>;
  /** The footer's bytes of a stream, once its frames have come to their end. */
  readFooter(): Buffer | null;
}

export interface InputOptions extends OpenOptions {
  readonly signal?: AbortSignal;
}
