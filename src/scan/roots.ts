/** A folder whose absolute path is looked for in file contents. */
export interface ScanRoot {
  /** Absolute, as it may be written in a file. */
  readonly path: string;
  /** What the folder became in the archive, as an arcpath; "" for the archive's root. */
  readonly arcpath: string;
  /** A folder that did not go in, so that hits are not rewritten but told; absent: it did. */
  readonly foreign?: ForeignPlace;
}

/** Folders of the packing machine that are no part of the environment, by what they are. */
export type ForeignPlace = "home" | "package store" | "global prefix";

/** Folders of one name below the file system's root are general; so is what lies right in these. */
const SHARED_PARENTS = new Set(["usr", "var", "home", "Users", "etc", "private"]);

/** Deeper folders in which so many images and build machines work that foreign packages name them. */
const SHARED_PLACES = new Set([
  "/github/workspace",
  "/home/runner/work",
  "/opt/homebrew",
  "/opt/local",
  "/usr/local/lib",
  "/usr/local/lib/node_modules",
  "/usr/lib/node_modules",
  "/usr/src/app",
  "/var/www/html",
]);

/**
 * Whether a path is too short or too common to be recognised by its text: "/app" is a web route in
 * a hundred packages, "/root" begins the paths of foreign build machines in native programs, and
 * "/usr/local" stands in every second install script. Hits of such a root are chance, so it is never
 * searched for and nothing is rewritten; who packs is told so (see `generalRoots`). The rules that
 * resolve links or know a file's format do not depend on the text and apply all the same.
 */
export function isGeneralRoot(path: string): boolean {
  const parts = path.split("/").filter((part) => part !== "");
  if (!path.startsWith("/") || parts.length < 2) return true;
  if (parts.length === 2 && SHARED_PARENTS.has(parts[0] as string)) return true;
  return SHARED_PLACES.has(`/${parts.join("/")}`);
}

/** Homes of so many images and build machines that published packages name them. */
const SHARED_HOMES = new Set([
  "app",
  "build",
  "builder",
  "circleci",
  "codespace",
  "coder",
  "gitpod",
  "iojs",
  "jenkins",
  "linuxbrew",
  "node",
  "runner",
  "travis",
  "ubuntu",
  "user",
  "vagrant",
  "vscode",
  "vsts",
]);

/**
 * As `isGeneralRoot`, of a folder whose hits are only told: a user's home is enough of a name there,
 * unless it is everybody's.
 */
export function isGeneralPlace(path: string): boolean {
  const [parent, name, ...rest] = path.split("/").filter((part) => part !== "");
  const isHome = (parent === "home" || parent === "Users") && name !== undefined && rest.length === 0;
  return isHome ? SHARED_HOMES.has(name.toLowerCase()) : isGeneralRoot(path);
}

/** The roots among these that are not searched for because hits would be chance. */
export function generalRoots(roots: readonly ScanRoot[]): ScanRoot[] {
  return roots.filter((root) => isGeneralRoot(root.path));
}
