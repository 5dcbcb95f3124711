import type { ManagerRecord } from "../manifest/manifest.js";
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
}
