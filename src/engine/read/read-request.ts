import type { ArchiveIndex } from "../../archive/index/index-file.js";
import type { Footer } from "../../archive/footer.js";
import type { DeclaredTotals } from "../../archive/index/declared-totals.js";
import type { ProgressListener } from "../../support/progress.js";

export interface ReadOptions {
  readonly threads: number;
  /** What to hold the archive to; by default what its own manifest declares. */
  readonly limits?: DeclaredTotals;
  readonly signal?: AbortSignal;
  readonly onProgress?: ProgressListener;
}

export interface Target {
  /** Absolute; null to check and write nothing. */
  readonly folder: string | null;
  readonly only?: (arcpath: string) => boolean;
}

export interface ReadResult {
  readonly index: ArchiveIndex;
  readonly bytes: number;
  /** The fix-up records, not yet decoded; null where there are none, or they were not among what was wanted. */
  readonly fixups: Uint8Array | null;
  /** null of an archive that was decompressed on its way, and has lost it. */
  readonly footer: Footer | null;
}
