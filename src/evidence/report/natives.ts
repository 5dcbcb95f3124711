import { isNamedNative, describeNative } from "../../native/find-natives.js";
import type { PackedTree } from "../sbom/packed-tree.js";
import type { NativeFact } from "./facts.js";

/** Bytes of a binary, which is held in memory as a whole. */
const LARGEST = 512 << 20;
const RUNTIMES = new Set(["bin/node", "bin/node.exe", "node.exe"]);

/** The addons, libraries and runtimes among what is packed, by what their own headers say; sorted by path. */
export async function gatherNatives(tree: PackedTree, placeOf: (path: string) => number): Promise<NativeFact[]> {
  const wanted = new Set<string>();
  for (const entry of tree.entries) {
    if (entry.type === "file" && entry.size <= LARGEST && (RUNTIMES.has(entry.path) || isNamedNative(entry.path))) wanted.add(entry.path);
  }
  const found: NativeFact[] = [];
  for await (const { path, content } of tree.read(wanted)) {
    const native = describeNative(path, content);
    if (native === null) continue;
    const { os, arch, libc, glibc, abi, needed } = native;
    found.push({ path, owner: placeOf(path), os, arch, libc, glibc, abi, needed });
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}
