export interface WriteResult {
  /** Without the index. */
  readonly entries: number;
  /** Of content. */
  readonly bytes: number;
  readonly tarBytes: number;
  readonly archiveBytes: number;
  /** Of the archive, in hex. */
  readonly sha256: string;
  readonly indexSha256: string;
  /** What a signature of this archive is made over. */
  readonly signedPart: Uint8Array;
}
