import type { PlannedEntry, PlannedFile } from "../../archive/entry.js";

/**
 * What becomes of entries besides their frames, in the thread that read and hashed them. Threads fill one sink's
 * place together, and in any order; what a sink throws ends the packing.
 */
export interface EntrySink {
  /** Takes an entry; of a file all of its content, which is the caller's again afterwards. */
  take(entry: PlannedEntry, content: Uint8Array): void;
  /** Takes a piece of a file that spans frames. */
  takePiece(file: PlannedFile, at: number, content: Uint8Array): void;
}
