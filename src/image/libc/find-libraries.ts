import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { readElf } from "../../native/elf.js";
import { readShortText } from "../../support/read-text.js";
import { append } from "../../support/append.js";

/** A shared library of this machine. */
export interface SystemLibrary {
  /** As NEEDED names it. */
  readonly name: string;
  /** Absolute, as the loader finds it, and with links resolved. */
  readonly found: string;
  readonly file: string;
}

/** Folders that the loaders of glibc (of Debian's kind and of others) and of musl look in (ld.so(8)). */
const TRIPLETS = new Map([
  ["x64", "x86_64-linux-gnu"],
  ["arm64", "aarch64-linux-gnu"],
  ["arm", "arm-linux-gnueabihf"],
  ["ppc64", "powerpc64le-linux-gnu"],
  ["s390x", "s390x-linux-gnu"],
  ["riscv64", "riscv64-linux-gnu"],
]);
/** Bytes of a file of ld.so.conf.d. */
const MAX_CONF = 1 << 20;

/**
 * The libraries that are needed, and those that they need in turn. Their headers are read; nothing is started.
 *
 * @param names as NEEDED gives them
 * @param arch as `process.arch`
 * @param root where the system's folders are
 */
export function findLibraries(
  names: readonly string[],
  arch: string,
  root = "/",
): { readonly found: readonly SystemLibrary[]; readonly missing: readonly string[] } {
  const folders = libraryFolders(arch, root);
  const found = new Map<string, SystemLibrary>();
  const missing = new Set<string>();
  const queue = [...names];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    const plain = basename(name);
    if (found.has(plain) || missing.has(plain)) continue;
    const library = findOne(plain, folders, arch);
    if (library === null) {
      missing.add(plain);
      continue;
    }
    found.set(plain, library);
    append(queue, readElf(library.file, null)?.needed ?? []);
  }
  return { found: [...found.values()], missing: [...missing] };
}

function findOne(name: string, folders: readonly string[], arch: string): SystemLibrary | null {
  for (const folder of folders) {
    const found = join(folder, name);
    if (!existsSync(found)) continue;
    const file = realpathSync(found);
    // Libraries of 32 bits may stand under the same name elsewhere.
    if (readElf(file, null)?.arch === arch) return { name, found, file };
  }
  return null;
}

function libraryFolders(arch: string, root: string): string[] {
  const triplet = TRIPLETS.get(arch);
  const own = triplet === undefined ? [] : [`lib/${triplet}`, `usr/lib/${triplet}`];
  const standard = [...own, "lib64", "usr/lib64", "lib", "usr/lib", "usr/local/lib"].map((folder) => join(root, folder));
  return [...new Set([...standard, ...readConf(join(root, "etc/ld.so.conf"))])];
}

/** Folders that ld.so.conf names, and the files that it includes. */
function readConf(file: string): string[] {
  const lines = existsSync(file)
    ? readShortText(file, MAX_CONF)
        .split("\n")
        .map((line) => line.replace(/#.*/, "").trim())
    : [];
  return lines.flatMap((line) => {
    if (line.startsWith("/")) return [line];
    const included = /^include\s+(\S+)$/.exec(line)?.[1];
    if (included === undefined || !included.endsWith("/*.conf")) return [];
    const folder = join(dirname(file), included.startsWith("/") ? basename(dirname(included)) : dirname(included));
    const names = existsSync(folder)
      ? readdirSync(folder)
          .filter((name) => name.endsWith(".conf"))
          .sort()
      : [];
    return names.flatMap((name) => (folder === dirname(file) ? [] : readConf(join(folder, name))));
  });
}

export function readLibrary({ file }: SystemLibrary): Buffer {
  return readFileSync(file);
}
