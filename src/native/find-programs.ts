import { closeSync, openSync, readSync } from "node:fs";
import { join, posix } from "node:path";
import type { Listing } from "../listing/listing.js";
import { ADDON, LIBRARY, ownerOf, readNative, SKIPPED } from "./find-natives.js";
import type { NativeFile } from "./native-file.js";

/** Sources, texts, pictures, archives and the parts of libraries: no program is named so, and most files of packages are. */
const NO_PROGRAM = new RegExp(
  `\\.(${[
    "[mc]?[jt]sx?|json[5c]?|map|md|markdown|mdx|txt|html?|s?css|less|sass|ya?ml|toml|xml|csv|sql|log|lock|vue|svelte|flow|coffee|proto|graphql|snap|ejs|hbs",
    "py|rb|sh|cmd|bat|ps1|hh?|hpp|c|cc|cpp|cxx|mm?|s|asm|rs|go|java|class|gypi?|mk|cmake|in|patch|diff|tcl",
    "svg|png|jpe?g|gif|ico|webp|avif|bmp|woff2?|ttf|otf|eot|mp[34]|pdf|wasm|zip|t?gz|xz|bz2|br|zst|jar|pem|crt|key|dat|o|obj|a|lib|pdb|tsbuildinfo",
  ].join("|")})$`,
  "i",
);

/** How programs begin: ELF, the MZ of Windows, and Mach-O in both orders of bytes, for one processor or several. */
const BEGINNINGS = new Set(["7f454c46", "feedface", "feedfacf", "cefaedfe", "cffaedfe", "cafebabe", "cafebabf"]);
const WINDOWS = "4d5a";

/**
 * The programs in a tree, sorted by file: what is neither named like an addon nor like a library, and is for some
 * processor by its header. Of most files the name tells that they are none; others are opened. Links are not followed.
 *
 * @param packages of the environment, to tell whose a file is
 */
export function findPrograms(tree: Listing, packages: readonly { readonly path: string }[]): readonly NativeFile[] {
  const folders = new Set(packages.map(({ path }) => path));
  const found: NativeFile[] = [];
  for (const [path, listed] of tree) {
    if (SKIPPED.test(path)) continue;
    for (const [index, name] of listed.names.entries()) {
      if (listed.kind(index) !== "file" || ADDON.test(name) || LIBRARY.test(name) || NO_PROGRAM.test(name)) continue;
      const file = posix.join(path, name);
      if (!beginsAsProgram(join(tree.root, file))) continue;
      const program = readNative(tree.root, file, ownerOf(path, folders));
      // Texts can begin with MZ, and Java's classes as Mach-O does: of neither a processor can be read.
      if (program !== null && program.arch !== null) found.push(program);
    }
  }
  return found.sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** What cannot be opened is no program that could be told of: the plan says so where it goes in. */
function beginsAsProgram(file: string): boolean {
  let descriptor: number | null = null;
  try {
    descriptor = openSync(file, "r");
    const head = Buffer.alloc(4);
    const length = readSync(descriptor, head, 0, head.length, 0);
    const text = head.toString("hex");
    return length === head.length && (BEGINNINGS.has(text) || text.startsWith(WINDOWS));
  } catch {
    return false;
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}
