/** A native addon (`*.node`) or shared library of a package, as far as its header could be read. */
export interface NativeFile {
  /** Relative to `root`, parts joined by "/". */
  readonly file: string;
  /** The folder of the package that holds it, relative to `root`; "" for the project itself. */
  readonly package: string;
  /** What it was built for, as `process.platform` and `process.arch` say it; null: a format or machine that is not known. */
  readonly os: string | null;
  readonly arch: string | null;
  /** Further processors of a universal file of macOS; absent: there are none. */
  readonly alsoFor?: readonly string[];
  /** The C library it asks for; null: none, or not known. */
  readonly libc: "glibc" | "musl" | null;
  /** The highest GLIBC version it needs, as "2.28". */
  readonly glibc: string | null;
  /** Names of the shared libraries it needs. */
  readonly needed: readonly string[];
  /** "napi": any Node; a NODE_MODULE_VERSION as "115": that one only; null: no addon, or not known. */
  readonly abi: string | null;
}
