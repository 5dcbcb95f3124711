import type { ManagerRecord } from "../manifest/manifest.js";
import type { Notice } from "../progress.js";
import type { Runtime } from "./runtime.js";

/** What is installed, read from the disk and frozen; nothing has been decided about it yet. */
export interface Environment {
  readonly kind: "project" | "prefix" | "conda";
  readonly name: string;
  readonly version: string | null;
  /** The environment's folder, absolute, with every link resolved. */
  readonly root: string;
  /** The same folder as the user named it, absolute. Differs from `root` behind a link. */
  readonly namedRoot: string;
  readonly manager: ManagerRecord | null;
  /** Sorted by path; the project itself is the package whose path is "". */
  readonly packages: readonly InstalledPackage[];
  /** Commands that belong into `bin/`, sorted by name; one a name. */
  readonly bins: readonly Bin[];
  /** The runtime that goes in; null for `--node none`. */
  readonly runtime: Runtime | null;
  /** Native libraries found among the packages, sorted by file. */
  readonly natives: readonly NativeFile[];
  /** What was noticed while reading and does not stop the packing. */
  readonly notices: readonly Notice[];
}

/** A native addon (`*.node`) or shared library of a package, as far as its header could be read. */
export interface NativeFile {
  /** Relative to `root`, parts joined by "/". */
  readonly file: string;
  /** The folder of the package that holds it, relative to `root`; "" for the project itself. */
  readonly package: string;
  /** What it was built for, as `process.platform` and `process.arch` say it; null: a format or machine that is not known. */
  readonly os: string | null;
  readonly arch: string | null;
  /** The C library it asks for; null: none, or not known. */
  readonly libc: "glibc" | "musl" | null;
  /** The highest GLIBC version it needs, as "2.28". */
  readonly glibc: string | null;
  /** Names of the shared libraries it needs. */
  readonly needed: readonly string[];
  /** "napi": any Node; a NODE_MODULE_VERSION as "115": that one only; null: no addon, or not known. */
  readonly abi: string | null;
}

export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  /** The package's folder relative to `root`, parts joined by "/"; "" for the project itself. */
  readonly path: string;
  /** Needed by development only: left out by `--omit dev`. */
  readonly dev: boolean;
}

/** A command of a package, to be started through `bin/NAME` of the archive. */
export interface Bin {
  readonly name: string;
  /** The script or program relative to `root`, links resolved, parts joined by "/". */
  readonly file: string;
  /** "node": started by the archive's own node; "direct": a native program or another interpreter's script. */
  readonly start: "node" | "direct";
  /** Options of node from the script's first line (`#!/usr/bin/env -S node --no-warnings`); absent: none. */
  readonly nodeOptions?: readonly string[];
}
