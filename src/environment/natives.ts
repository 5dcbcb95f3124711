import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { explainError } from "../errors.js";
import type { Listing } from "../listing/listing.js";
import { readElf, type ElfFile } from "./elf.js";
import type { InstalledPackage, NativeFile } from "./environment.js";
import { joinPath } from "./installed.js";

/** How an addon makes itself known to node; see node.h (NODE_MODULE_INITIALIZER) and node_api.h. */
const REGISTRATION = /^(napi_register_module_v\d+|node_register_module_v\d+|napi_module_register|node_module_register)$/;
const ADDON = /\.node$/;
/** `libvips-cpp.so.8.18.7`, `libfoo.dylib`, `foo.dll`. */
const LIBRARY = /\.(so(\.\d+)*|dylib|dll)$/;
/** Most folders hold no name of either kind: a look at all names at once tells. */
const HINT = /\.(node|so|dylib|dll)\b/;
/** What version control, caches and links keep, and the copies and parts that node-gyp leaves beside its result. */
const SKIPPED = /(^|\/)(\.git|\.hg|\.svn|\.cache|\.bin|obj\.target|obj|\.deps)(\/|$)/;

/**
 * The native addons and shared libraries in a tree, sorted by file. Only what is named like a native file is
 * opened; links are not followed. A folder that may not be read may still be left out: the plan says so where
 * it goes in.
 *
 * @param packages of the environment, to tell whose a file is
 */
export function findNatives(tree: Listing, packages: readonly Pick<InstalledPackage, "path">[]): readonly NativeFile[] {
  const folders = new Set(packages.map(({ path }) => path));
  const found: NativeFile[] = [];
  for (const [path, listed] of tree) {
    if (!listed.mayHold(HINT) || SKIPPED.test(path)) continue;
    for (const [index, name] of listed.names.entries()) {
      if (listed.kind(index) !== "file" || !(ADDON.test(name) || LIBRARY.test(name))) continue;
      const native = readNative(tree.root, joinPath(path, name), ownerOf(path, folders));
      if (native !== null) found.push(native);
    }
  }
  return found.sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** The package that a folder belongs to; "" for none, or the environment's own. */
function ownerOf(folder: string, packages: ReadonlySet<string>): string {
  for (let at = folder; at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf("/")))) if (packages.has(at)) return at;
  return "";
}

/** Null where the file is none of the known formats, as a `.node` that is a text. */
function readNative(root: string, file: string, owner: string): NativeFile | null {
  const path = join(root, file);
  const unknown = { file, package: owner, arch: null, libc: null, glibc: null, needed: [], abi: null };
  try {
    const elf = readElf(path, ADDON.test(file) ? REGISTRATION : null);
    if (elf !== null) return { ...unknown, ...describeElf(elf) };
    const os = readForeignFormat(path);
    return os === null ? null : { ...unknown, os };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EACCES" || code === "EPERM" || code === "ENOENT") return null;
    throw explainError(error, "cannot read a native file", path);
  }
}

function describeElf(elf: ElfFile): Pick<NativeFile, "os" | "arch" | "libc" | "glibc" | "needed" | "abi"> {
  return {
    os: "linux",
    arch: elf.arch,
    libc: libcOf(elf),
    glibc: elf.glibc,
    needed: elf.needed,
    abi: abiOf(elf),
  };
}

/** musl's libc is named `libc.musl-x86_64.so.1` by Alpine and `libc.so` by other toolchains. */
export function libcOf(elf: Pick<ElfFile, "interpreter" | "needed" | "glibc">): NativeFile["libc"] {
  const names = [elf.interpreter ?? "", ...elf.needed].map((name) => name.slice(name.lastIndexOf("/") + 1));
  if (names.some((name) => name.startsWith("libc.musl-") || name.startsWith("ld-musl-") || name === "libc.so")) return "musl";
  return elf.glibc !== null || names.some((name) => /^libc\.so\.6/.test(name)) ? "glibc" : null;
}

/** An addon that registers in both ways loads into every node, so it counts as N-API. */
function abiOf({ symbols, imports, moduleVersion }: ElfFile): string | null {
  if ([...symbols, ...imports].some((name) => name.startsWith("napi_"))) return "napi";
  const bound = symbols.find((name) => name.startsWith("node_register_module_v"));
  if (bound !== undefined) return bound.slice("node_register_module_v".length);
  return imports.includes("node_module_register") ? moduleVersion : null;
}

/** Mach-O or PE by the first bytes; what they ask for is not looked into. */
function readForeignFormat(path: string): string | null {
  const head = Buffer.alloc(4);
  const descriptor = openSync(path, "r");
  try {
    readSync(descriptor, head, 0, 4, 0);
  } finally {
    closeSync(descriptor);
  }
  const magic = head.toString("hex");
  if (["feedface", "feedfacf", "cefaedfe", "cffaedfe", "cafebabe"].includes(magic)) return "darwin";
  return magic.startsWith("4d5a") ? "win32" : null;
}
