import { join, posix } from "node:path";
import { explainError } from "../support/errors.js";
import type { Listing } from "../listing/listing.js";
import { libcOf, osOf, parseForeignFormat, readForeignFormat } from "./binary-platform.js";
import { parseElf, readElf, type ElfFile } from "./elf.js";
import type { NativeFile } from "./native-file.js";

/** How an addon makes itself known to node; see node.h (NODE_MODULE_INITIALIZER) and node_api.h. */
const REGISTRATION = /^(napi_register_module_v\d+|node_register_module_v\d+|napi_module_register|node_module_register)$/;
export const ADDON = /\.node$/;
/** `libvips-cpp.so.8.18.7`, `libfoo.dylib`, `foo.dll`. */
export const LIBRARY = /\.(so(\.\d+)*|dylib|dll)$/;
/** Most folders hold no name of either kind: a look at all names at once tells. */
const HINT = /\.(node|so|dylib|dll)\b/;
/** What version control, caches and links keep, and the copies and parts that node-gyp leaves beside its result. */
export const SKIPPED = /(^|\/)(\.git|\.hg|\.svn|\.cache|\.bin|obj\.target|obj|\.deps)(\/|$)/;

/**
 * The native addons and shared libraries in a tree, sorted by file. Only what is named like a native file is
 * opened; links are not followed. A folder that may not be read may still be left out: the plan says so where
 * it goes in.
 *
 * @param packages of the environment, to tell whose a file is
 */
export function findNatives(tree: Listing, packages: readonly { readonly path: string }[]): readonly NativeFile[] {
  const folders = new Set(packages.map(({ path }) => path));
  const found: NativeFile[] = [];
  for (const [path, listed] of tree) {
    if (!listed.mayHold(HINT) || SKIPPED.test(path)) continue;
    for (const [index, name] of listed.names.entries()) {
      if (listed.kind(index) !== "file" || !isNamedNative(name)) continue;
      const native = readNative(tree.root, posix.join(path, name), ownerOf(path, folders));
      if (native !== null) found.push(native);
    }
  }
  return found.sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** The package that a folder belongs to; "" for none, or the environment's own. */
export function ownerOf(folder: string, packages: ReadonlySet<string>): string {
  for (let at = folder; at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf("/")))) if (packages.has(at)) return at;
  return "";
}

/** Whether a file is named like an addon or a shared library. */
export function isNamedNative(name: string): boolean {
  return ADDON.test(name) || LIBRARY.test(name);
}

/** What the content of a native file tells; null where it is of none of the known formats. */
export function describeNative(file: string, content: Buffer): Omit<NativeFile, "package"> | null {
  const unknown = { file, arch: null, libc: null, glibc: null, needed: [], abi: null };
  const elf = parseElf(content, ADDON.test(file) ? REGISTRATION : null);
  if (elf !== null) return { ...unknown, ...describeElf(elf) };
  const other = parseForeignFormat(content);
  return other === null ? null : { ...unknown, ...other };
}

/** Null where the file is none of the known formats, as a `.node` that is a text. */
export function readNative(root: string, file: string, owner: string): NativeFile | null {
  const path = join(root, file);
  const unknown = { file, package: owner, arch: null, libc: null, glibc: null, needed: [], abi: null };
  try {
    const elf = readElf(path, ADDON.test(file) ? REGISTRATION : null);
    if (elf !== null) return { ...unknown, ...describeElf(elf) };
    const other = readForeignFormat(path);
    return other === null ? null : { ...unknown, ...other };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EACCES" || code === "EPERM" || code === "ENOENT") return null;
    throw explainError(error, "cannot read a native file", path);
  }
}

function describeElf(elf: ElfFile): Pick<NativeFile, "os" | "arch" | "libc" | "glibc" | "needed" | "abi"> {
  return {
    os: osOf(elf),
    arch: elf.arch,
    libc: libcOf(elf),
    glibc: elf.glibc,
    needed: elf.needed,
    abi: abiOf(elf),
  };
}

/** An addon that registers in both ways loads into every node, so it counts as N-API. */
function abiOf({ symbols, imports, moduleVersion }: ElfFile): string | null {
  if ([...symbols, ...imports].some((name) => name.startsWith("napi_"))) return "napi";
  const bound = symbols.find((name) => name.startsWith("node_register_module_v"));
  if (bound !== undefined) return bound.slice("node_register_module_v".length);
  return imports.includes("node_module_register") ? moduleVersion : null;
}
