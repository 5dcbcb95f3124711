import { closeSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { explainError } from "../errors.js";
import { readElf, type ElfFile } from "./elf.js";
import type { InstalledPackage, NativeFile } from "./environment.js";

/** How an addon makes itself known to node; see node.h (NODE_MODULE_INITIALIZER) and node_api.h. */
const REGISTRATION = /^(napi_register_module_v\d+|node_register_module_v\d+|napi_module_register|node_module_register)$/;
const ADDON = /\.node$/;
/** `libvips-cpp.so.8.18.7`, `libfoo.dylib`, `foo.dll`. */
const LIBRARY = /\.(so(\.\d+)*|dylib|dll)$/;
/** What node-gyp leaves beside the result: copies and parts that nobody loads. */
const LEFTOVERS = new Set(["obj.target", "obj", ".deps"]);
const SKIPPED = new Set([".git", ".hg", ".svn", ".cache", ".bin"]);

/**
 * The native addons and shared libraries below the root, sorted by file. Folders are listed, only
 * what is named like a native file is opened; links are not followed.
 *
 * @param packages of the environment, to tell whose a file is
 */
export function findNatives(root: string, packages: readonly Pick<InstalledPackage, "path">[]): readonly NativeFile[] {
  const folders = new Set(packages.map(({ path }) => path));
  const found: NativeFile[] = [];
  const pending: { path: string; owner: string }[] = [{ path: "", owner: "" }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { path, owner } = next;
    for (const entry of list(root, path)) {
      const child = path === "" ? entry.name : `${path}/${entry.name}`;
      if (entry.isDirectory()) {
        if (SKIPPED.has(entry.name) || LEFTOVERS.has(entry.name)) continue;
        pending.push({ path: child, owner: folders.has(child) ? child : owner });
      } else if (entry.isFile() && (ADDON.test(entry.name) || LIBRARY.test(entry.name))) {
        const native = readNative(root, child, owner);
        if (native !== null) found.push(native);
      }
    }
  }
  return found.sort((a, b) => (a.file < b.file ? -1 : 1));
}

function list(root: string, path: string): { name: string; isDirectory(): boolean; isFile(): boolean }[] {
  try {
    return readdirSync(join(root, path), { withFileTypes: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // A folder that may not be read may still be left out: the plan says so where it goes in.
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EACCES" || code === "EPERM") return [];
    throw explainError(error, "cannot read a folder of the environment", join(root, path));
  }
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
