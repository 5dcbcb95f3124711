/** A Node.js runtime on this machine, fit to travel. */
export interface Runtime {
  /** "20.20.2" */
  readonly version: string;
  /** As `process.platform`, `process.arch`. */
  readonly os: string;
  readonly arch: string;
  readonly abi: string;
  readonly napi: string;
  /** The C library it runs on; null where that is no question (macOS, Windows). */
  readonly libc: "glibc" | "musl" | null;
  /** The highest GLIBC version it needs, as "2.28"; null: none. */
  readonly glibc: string | null;
  /** The node binary, absolute, links resolved. */
  readonly binary: string;
  /** Folders of the tools that come with it (npm, corepack), absolute: they go to `lib/node_modules/NAME`. */
  readonly tools: ReadonlyMap<string, string>;
  /** Where it was found, for messages: "current", "path" or "registry". */
  readonly origin: "current" | "path" | "registry";
  /** The address of the registry that it came from, without user and password. */
  readonly registry?: string;
}
