/** What HDFS says of a file or folder. */
export interface HdfsStatus {
  readonly kind: "file" | "folder";
  /** Bytes; 0 of a folder. */
  readonly length: number;
  /** Permission bits, as of chmod. */
  readonly mode: number;
}

/**
 * The few things that delivering needs of HDFS. Paths are absolute paths on that file system. What fails
 * throws EnvpackError: ENGINE_UNREACHABLE, NO_PERMISSION, NO_SPACE, INTERRUPTED or IO.
 */
export interface HdfsStore {
  /** How HDFS is reached, for people: "the hdfs client". */
  readonly via: string;
  /** What is at each path, in their order; null where there is nothing. */
  look(paths: readonly string[]): Promise<readonly (HdfsStatus | null)[]>;
  /** Makes a folder and those above it, 0755 where they were missing. */
  makeFolder(path: string): Promise<void>;
  /** Writes a new file, 0644; it may be there in part where this fails. */
  write(path: string, file: string): Promise<void>;
  /** The bytes of a file, in pieces. */
  read(path: string): AsyncIterable<Uint8Array>;
  /** Gives a file another name; false where that is taken. */
  rename(from: string, to: string): Promise<boolean>;
  setMode(path: string, mode: number): Promise<void>;
  /** Removes a file and what writing it may have left; fine where there is none. Works after an interrupt too. */
  remove(path: string): Promise<void>;
}
