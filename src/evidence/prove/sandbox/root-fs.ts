import { existsSync, lstatSync, readdirSync, readlinkSync, realpathSync } from "node:fs";
import { join } from "node:path";

/** The system around an environment: what stands in the sandbox's root. */
export interface RootFs {
  /** Whether it is this machine's own; else another one's root folder. */
  readonly own: boolean;
  readonly shown: readonly Shown[];
  /** Paths inside that are covered by something empty. */
  readonly masked: readonly Masked[];
  /** What is missing on purpose, in words. */
  readonly hidden: readonly string[];
  /** Whether there is a /etc/passwd that can be covered. */
  readonly hasPasswd: boolean;
}

export type Shown =
  | { readonly kind: "folder" | "file"; readonly inside: string; readonly host: string }
  | { readonly kind: "link"; readonly inside: string; readonly target: string };

export interface Masked {
  readonly kind: "folder" | "file";
  readonly inside: string;
}

/** What a system is made of. Everything else (homes, /opt, /srv, /root, mounts) is this machine's own. */
const SYSTEM = ["bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "gnu", "nix"];
const ETC = [
  "alternatives",
  "ld.so.cache",
  "ld.so.conf",
  "ld.so.conf.d",
  "localtime",
  "nsswitch.conf",
  "protocols",
  "services",
  "mime.types",
  "fonts",
  "ld-musl-x86_64.path",
  "ld-musl-aarch64.path",
];
const CERTIFICATES = ["ssl", "ca-certificates", "pki"];
/** Kernels show these themselves, and the rest is made afresh inside. */
const MADE = new Set(["proc", "dev", "tmp", "sys", "home", "root", "run", "worker", "mnt", "media", "boot", "lost+found"]);

/** Programs of Node.js and package managers, and the folders of their packages. */
const PROGRAMS = ["node", "nodejs", "npm", "npx", "yarn", "yarnpkg", "pnpm", "pnpx", "bun", "bunx", "deno", "corepack", "nodeenv"];
const PROGRAM_FOLDERS = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];
const FOLDERS = [
  "/usr/local",
  "/usr/lib/node_modules",
  "/usr/lib/nodejs",
  "/usr/share/nodejs",
  "/usr/share/node_modules",
  "/usr/share/npm",
];

/** This machine's system without its Node.js, package managers, homes and what was added by hand. */
export function ownRootFs(certificates: boolean): RootFs {
  const etc = [...ETC, ...(certificates ? CERTIFICATES : [])].map((name) => `etc/${name}`);
  const shown = [...SYSTEM, ...etc].map((name) => show("/", name)).filter((one) => one !== null);
  const programs = PROGRAM_FOLDERS.flatMap((folder) => PROGRAMS.map((name) => `${folder}/${name}`))
    .map(realFile)
    .filter((path) => path !== null);
  const masked = [
    ...FOLDERS.filter((path) => isPlainFolder(path)).map((inside) => ({ kind: "folder" as const, inside })),
    ...[...new Set(programs)]
      .filter((path) => /^\/(usr|bin|sbin)\//.test(path) && !FOLDERS.some((folder) => path.startsWith(`${folder}/`)))
      .map((inside) => ({ kind: "file" as const, inside })),
  ];
  const hidden = [
    "the source and all homes",
    "package stores and caches",
    "this machine's Node.js and package managers",
    "/usr/local and /opt",
  ];
  return { own: true, shown, masked, hidden, hasPasswd: false };
}

/** Another system's root folder, as it is. */
export function otherRootFs(folder: string): RootFs {
  const shown = readdirSync(folder)
    .filter((name) => !MADE.has(name))
    .map((name) => show(folder, name))
    .filter((one) => one !== null);
  const hasPasswd = lstatSync(join(folder, "etc/passwd"), { throwIfNoEntry: false })?.isFile() ?? false;
  return { own: false, shown, masked: [], hidden: ["this machine's whole system"], hasPasswd };
}

function show(root: string, name: string): Shown | null {
  const host = join(root, name);
  const stats = lstatSync(host, { throwIfNoEntry: false });
  const inside = `/${name}`;
  if (stats === undefined) return null;
  // A link of /etc leads to where this system's files are, which are not all shown.
  if (stats.isSymbolicLink())
    return name.startsWith("etc/") ? showBehind(host, inside) : { kind: "link", inside, target: readlinkSync(host) };
  if (stats.isDirectory()) return { kind: "folder", inside, host };
  return stats.isFile() ? { kind: "file", inside, host } : null;
}

function showBehind(link: string, inside: string): Shown | null {
  if (!existsSync(link)) return null;
  const host = realpathSync(link);
  return { kind: lstatSync(host).isDirectory() ? "folder" : "file", inside, host };
}

function realFile(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

function isPlainFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
