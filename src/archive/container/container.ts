import type { Decoder, TarSum } from "../codec/codec.js";
import type { TarShape } from "../tar/entry-header.js";
import type { Footer } from "../footer.js";
import type { ArchiveIndex } from "../index/index-file.js";
import type { IndexSink } from "../index/index-reader.js";
import type { ArchiveStart } from "../preamble.js";

/** How the frames, the index and the footer stand in an archive file: what a tar and a zip do differently. */
export interface Container {
  readonly decoder: Decoder;
  readonly footer: Footer;
  /** What the archive's end says of the whole tar; null where it says nothing. */
  readonly tarSum: TarSum | null;
  /** The manifest, and what all headers share. */
  readStart(): Promise<ArchiveStart>;
  /** Reads the index through `sink`, and gives the index file's bytes; each piece is good until the next is asked for. */
  readIndex(sink: IndexSink, shape: TarShape): AsyncGenerator<Buffer>;
  /** The sum of the index's tar bytes; known once the index was read. */
  indexSum(): TarSum;
  /** What it says of entries besides their headers, once it was compared with the index; null where there is nothing. */
  openDirectory(index: ArchiveIndex): Promise<Directory | null>;
}

/** What a container says of entries besides their headers. */
export interface Directory {
  /** The records of the entries that begin in a frame. */
  records(frame: number): Promise<Buffer<ArrayBuffer>>;
}
