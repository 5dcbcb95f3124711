import type { ManagerRecord } from "../../manifest/manifest.js";
import type { Bin } from "../environment.js";
import type { InstalledFolder } from "../installed.js";
import type { PackageJson } from "../package-json.js";
import type { Member } from "../workspaces.js";

/** A project as it lies on the disk, before its package manager was asked about it. */
export interface Project {
  /** Absolute, links resolved. */
  readonly root: string;
  readonly json: PackageJson;
  readonly members: readonly Member[];
  readonly installed: readonly InstalledFolder[];
}

/** What a lockfile knows about which packages only development needs. */
export interface DevelopmentFlags {
  /** The lockfile's name relative to the root, for messages. */
  readonly file: string;
  /** By a package's folder relative to the root. */
  readonly isDevelopment: (path: string) => boolean;
  /** Whether the lockfile has this folder at all; what it has not is extraneous. */
  readonly isKnown: (path: string) => boolean;
}

/** What differs between package managers; a file each. */
export interface PackageManager {
  readonly name: ManagerRecord["name"];
  /** Names in the project's root that tell of it where nothing is installed. */
  readonly lockfiles: readonly string[];
  /** Whether it made what is installed in the folder; looked at before lockfiles. */
  readonly installedBy: (root: string) => boolean;
  /** The command that installs what the lockfile says. */
  readonly install: string;
  /** Throws LOCK_MISMATCH where it can tell that the installation is not what the lockfile says. */
  readonly checkInstalled: (project: Project) => void;
  /** Folders relative to the root that its shim of a command puts into NODE_PATH; absent: it writes no such shims. */
  readonly nodePath?: (project: Project, bin: Bin) => readonly string[] | undefined;
  /** Null where the manager keeps no such note: then the packages' own dependencies are followed. */
  readonly readDevelopment: (project: Project) => DevelopmentFlags | null;
}
