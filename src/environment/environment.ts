import type { ManagerRecord } from "../manifest/manifest.js";
import type { Notice } from "../progress.js";
import type { CondaFiles } from "./prefixes/conda.js";
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
  /** The folders, relative to `root`, whose node_modules answer scripts outside, in order; absent: the kind's own. */
  readonly resolveFrom?: readonly string[];
  /** Programs from outside that a prefix's launchers start, by their name in `bin/`: absolute files; absent: none. */
  readonly programs?: ReadonlyMap<string, string>;
  /** What conda's records say of the files that hold the prefix; absent: it is no conda prefix. */
  readonly conda?: CondaFiles;
  /** Sorted by path; the project itself is the package whose path is "". */
  readonly packages: readonly InstalledPackage[];
  /** Commands that belong into `bin/`, sorted by name; one a name. */
  readonly bins: readonly Bin[];
  /** The runtime that goes in; null for `--node none`. */
  readonly runtime: Runtime | null;
  /** Native libraries found among the packages, sorted by file. */
  readonly natives: readonly NativeFile[];
  /** A workspace's member that is packed alone; absent: everything below the root goes in. */
  readonly member?: Member | null;
  /** What links lead to outside the root; absent: none do. */
  readonly outside?: readonly OutsideTree[];
  /** Yarn's Plug'n'Play, which has no node_modules; absent: there is none. */
  readonly pnp?: PlugAndPlay | null;
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

/** A workspace's member, with just what it needs of the workspace: `root` is the workspace's root. */
export interface Member {
  /** The member's folder relative to the root. */
  readonly path: string;
  /** Folders of the packages (sisters, installed ones) and single files that go in, relative to the root. */
  readonly closure: ReadonlySet<string>;
}

/** A folder outside the root that goes in because links lead into it: of it, just these packages. */
export interface OutsideTree {
  /** Absolute, links resolved. */
  readonly folder: string;
  /** "links/NAME" */
  readonly arcpath: string;
  /** Their paths are relative to the folder. */
  readonly packages: readonly InstalledPackage[];
}

/** The files of Yarn's Plug'n'Play, relative to the root. */
export interface PlugAndPlay {
  /** ".pnp.cjs" */
  readonly file: string;
  /** Answers `import`; null where no package needs that. */
  readonly loader: string | null;
  /** The file that knows the packages: ".pnp.cjs", or ".pnp.data.json" beside it. */
  readonly state: string;
  /** What that file becomes where packages move into the environment; null: it stays as it is. */
  readonly rewritten: string | null;
  /** Archives of packages that lie outside the root, by the path relative to the root that they get. */
  readonly broughtIn: ReadonlyMap<string, string>;
}

export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
  /**
   * The package's folder relative to `root`, parts joined by "/"; "" for the project itself. Of a
   * package outside the root the place that it gets, seen from there: "../links/NAME/…".
   */
  readonly path: string;
  /** Needed by development only: left out by `--omit dev`. */
  readonly dev: boolean;
}

/** A command of a package, to be started through `bin/NAME` of the archive. */
export interface Bin {
  readonly name: string;
  /** The script or program relative to `root` (as `InstalledPackage.path`), links resolved, parts joined by "/". */
  readonly file: string;
  /** "node": started by the archive's own node; "direct": a native program or another interpreter's script. */
  readonly start: "node" | "direct";
  /** Folders relative to `root` that the manager's own shim puts into NODE_PATH; absent: none. */
  readonly nodePath?: readonly string[];
  /** Options of node from the script's first line (`#!/usr/bin/env -S node --no-warnings`); absent: none. */
  readonly nodeOptions?: readonly string[];
}
