import type { ManagerRecord } from "../manifest/manifest.js";
import type { Target } from "../manifest/target.js";
import type { NativeFile } from "../native/native-file.js";
import type { Notice } from "../support/progress.js";
import type { PlatformFamily } from "./platform-families.js";
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
  /** Programs by their headers, found among the packages, sorted by file; absent: nobody looked. */
  readonly executables?: readonly NativeFile[];
  /** A workspace's member that is packed alone; absent: everything below the root goes in. */
  readonly member?: Member | null;
  /** What links lead to outside the root; absent: none do. */
  readonly outside?: readonly OutsideTree[];
  /** Declared packages that Node finds in folders above the root; absent: there are none. */
  readonly above?: readonly LinkAbove[];
  /** Packages that exist once a platform; absent: there are none. */
  readonly families?: readonly PlatformFamily[];
  /** The platform that the packages were installed for; absent: this machine's. */
  readonly installedFor?: Omit<Target, "abi">;
  /** Where this is a copy: what was copied; absent: it is none. */
  readonly copyOf?: CopyOf;
  /** Yarn's Plug'n'Play, which has no node_modules; absent: there is none. */
  readonly pnp?: PlugAndPlay | null;
  /** What was noticed while reading and does not stop the packing. */
  readonly notices: readonly Notice[];
}

/** What an environment was copied from, which its files may name. */
export interface CopyOf {
  /** Further names of the root, absolute. */
  readonly roots: readonly string[];
  /** Originals of folders outside the root, by their copies; absolute. */
  readonly folders: ReadonlyMap<string, string>;
}

/** A workspace's member, with just what it needs of the workspace: `root` is the workspace's root. */
export interface Member {
  /** The member's folder relative to the root. */
  readonly path: string;
  /** Folders of the packages (sisters, installed ones) and single files that go in, relative to the root. */
  readonly closure: ReadonlySet<string>;
  /**
   * Packages that Node could find from what goes in, and that only other packages of the workspace declare: their
   * folders by the paths at which they are found, all relative to the root; absent: none.
   */
  readonly undeclared?: ReadonlyMap<string, string>;
}

/** A folder outside the root that goes in because links lead into it: of it, just these packages. */
export interface OutsideTree {
  /** Absolute, links resolved. */
  readonly folder: string;
  /** "links/NAME" */
  readonly arcpath: string;
  /** Their paths are relative to the folder. */
  readonly packages: readonly InstalledPackage[];
  /** What else goes in and is no package: folders and single files; absent: nothing. */
  readonly loose?: readonly LooseContent[];
}

/** Something that imports can lead to without being a package: generated code, a linked node_modules. */
export interface LooseContent {
  /** Relative to the folder of its tree; "" for the tree itself. */
  readonly path: string;
  /** Only development needs it. */
  readonly dev: boolean;
}

/** A package in a folder above the root: a link in the root's node_modules will lead to it. */
export interface LinkAbove {
  /** Where the link will stand, relative to the root: "node_modules/NAME", or "../node_modules/NAME" beside it. */
  readonly path: string;
  /** The package's folder, absolute, links resolved. It is part of one of the trees outside. */
  readonly folder: string;
  readonly dev: boolean;
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
