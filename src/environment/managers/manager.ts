import type { Target } from "../../manifest/target.js";
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

/** A package as the manager wrote down that it installed it. */
export interface RecordedPackage {
  /** What it is imported by. */
  readonly name: string;
  /** Null where the record tells none: then any version is right. */
  readonly version: string | null;
  /** Its folder relative to the root; null where the record tells none: then it may lie anywhere. */
  readonly path: string | null;
  /** May be absent all the same: for another platform, or its build failed. */
  readonly optional: boolean;
  /** A link, or a folder that holds no package: only has to be there. */
  readonly link: boolean;
}

/** The manager's own note of what it installed, written when an installation ends. */
export interface InstallRecord {
  /** Relative to the root, for messages. */
  readonly file: string;
  readonly packages: readonly RecordedPackage[];
  /** The folders ("" and members) that it installed for; null where it does not tell. */
  readonly importers: ReadonlySet<string> | null;
  /** What one of these folders needs of `packages`, and what those need. */
  readonly neededBy: (folder: string) => readonly RecordedPackage[];
}

/** Commands that install; each was tried on what it is a hint for. */
export interface InstallCommands {
  /** Installs what the lockfile says where nothing is installed. */
  readonly locked: string;
  /** The same where there is no lockfile, or package.json names more than it. */
  readonly fresh: string;
  /** Brings back packages that were damaged or taken away. */
  readonly repair: string;
}

/** How an installation for another platform is asked for. */
export interface CrossInstall {
  /** Arguments, in which {os}, {cpu} and {libc} stand for the target's words; null: it can only be said in a settings file. */
  readonly args: readonly string[] | null;
  /** The setting that says it instead; absent: there is none, or none is needed. */
  readonly setting?: string;
  /** How packages are installed from the lockfile alone, with no script run; null: it cannot choose a platform. */
  readonly frozen: FrozenInstall | null;
  /** "exact": just the target's packages; "both libc": of Linux those for glibc and musl; "all": of every platform. */
  readonly brings: "exact" | "both libc" | "all";
}

/** An installation that changes no lockfile and runs nothing that packages bring. */
export interface FrozenInstall {
  /** With the arguments that name the platform among them, as in `CrossInstall.args`. */
  readonly args: readonly string[];
  /** Further ones for Windows, which takes links only from administrators. */
  readonly onWindows?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The version that knows these arguments, where older ones are still about. */
  readonly since?: string;
  /** Fields of a settings file (YAML) that are set while it installs; the file is put back afterwards. */
  readonly settings?: {
    readonly file: string;
    readonly fields: (target: Pick<Target, "os" | "arch" | "libc">) => Readonly<Record<string, unknown>>;
  };
  /** Whether its lockfile holds digests of the folders that `file:` names: then such a folder may not lack a file. Absent: it does not. */
  readonly digestsFolders?: boolean;
  /** What it writes where the lockfile is not that of package.json. */
  readonly outdated: RegExp;
}

/** What differs between package managers. A folder each; registry.ts lists them. */
export interface PackageManager {
  /** In the manifest; both Yarns have the one. */
  readonly name: ManagerRecord["name"];
  /** Files relative to the root that it leaves when an installation ends: they tell that it made what is installed. */
  readonly marks: readonly string[];
  /** Folders in node_modules in which it keeps the real packages behind links. */
  readonly stores: readonly string[];
  /** Names in the project's root that tell of it where nothing is installed. */
  readonly lockfiles: readonly string[];
  /** A file at the root of a workspace that no other manager reads; absent: it has none. */
  readonly workspaceFile?: string;
  /** Whether a lockfile, or a version of the `packageManager` field, is its own; absent: all of its name are. */
  readonly owns?: (claim: { readonly lockfile?: string; readonly version?: string }) => boolean;
  /** Which version made the installation; null where nothing on the disk tells. */
  readonly readVersion?: (root: string) => string | null;
  /** Whether an installation of its ended here, where that leaves no mark of its own; absent: a mark tells. */
  readonly hasInstalled?: (root: string) => boolean;
  /** The one reader of its lockfile; null where there is none that can be read: then the packages' own dependencies are followed. */
  readonly readDevelopment: (project: Project) => DevelopmentFlags | null;
  /** Its record of what is installed; null where it keeps none: then the packages' own dependencies are looked up. */
  readonly readRecord: (project: Project) => InstallRecord | null;
  /** Files and folders of its own that name places of the packer's machine, as the last two parts of their paths. */
  readonly state: readonly string[];
  /** Folders relative to the root in which it is set to keep what it downloads, where that lies in the project. */
  readonly cacheFolders: (root: string) => readonly string[];
  readonly install: InstallCommands;
  readonly cross: CrossInstall;
  /** Folders relative to the root that its shim of a command puts into NODE_PATH; absent: it writes no such shims. */
  readonly nodePath?: (project: Project, bin: Bin) => readonly string[] | undefined;
}
