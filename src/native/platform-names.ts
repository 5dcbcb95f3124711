import type { Target } from "../manifest/target.js";

/** Words for systems in the names of packages, as `process.platform` says them. */
const SYSTEMS = new Map([
  ["linux", "linux"],
  ["linuxmusl", "linux"],
  ["linuxstatic", "linux"],
  ["darwin", "darwin"],
  ["macos", "darwin"],
  ["mac", "darwin"],
  ["osx", "darwin"],
  ["win32", "win32"],
  ["windows", "win32"],
  ["win", "win32"],
  ["freebsd", "freebsd"],
  ["openbsd", "openbsd"],
  ["netbsd", "netbsd"],
  ["android", "android"],
  ["androideabi", "android"],
  ["sunos", "sunos"],
  ["aix", "aix"],
  ["openharmony", "openharmony"],
  ["ohos", "openharmony"],
]);

/** The same of processors, as `process.arch` says them. */
const PROCESSORS = new Map([
  ["x64", "x64"],
  ["64", "x64"],
  ["amd64", "x64"],
  ["x8664", "x64"],
  ["arm64", "arm64"],
  ["aarch64", "arm64"],
  ["ia32", "ia32"],
  ["x86", "ia32"],
  ["32", "ia32"],
  ["i686", "ia32"],
  ["386", "ia32"],
  ["arm", "arm"],
  ["armv6", "arm"],
  ["armv7", "arm"],
  ["armv7l", "arm"],
  ["armhf", "arm"],
  ["gnueabihf", "arm"],
  ["musleabihf", "arm"],
  ["ppc64", "ppc64"],
  ["ppc64le", "ppc64"],
  ["powerpc64le", "ppc64"],
  ["s390x", "s390x"],
  ["riscv64", "riscv64"],
  ["riscv64gc", "riscv64"],
  ["loong64", "loong64"],
  ["loongarch64", "loong64"],
  ["mips64el", "mips64el"],
  ["mipsel", "mipsel"],
  ["wasm32", "wasm32"],
]);

/** And of C libraries. */
const LIBRARIES = new Map([
  ["gnu", "glibc"],
  ["glibc", "glibc"],
  ["gnueabihf", "glibc"],
  ["musl", "musl"],
  ["linuxmusl", "musl"],
  ["musleabihf", "musl"],
]);

/** What stands beside them and tells nothing of its own. */
const FILLERS = new Set(["unknown", "apple", "pc", "msvc", "eabi"]);

/** What the name of a package that exists once a platform tells. */
export interface NamedPlatform {
  /** What is left without the words for platforms: the same for all packages of a family. */
  readonly stem: string;
  readonly os: string | null;
  /** Empty: the name tells none. */
  readonly cpu: readonly string[];
  readonly libc: string | null;
}

/**
 * Splits the name of a package into what it is of and what platform it is for, as "@img/sharp-linuxmusl-x64". A package
 * that is not installed has nothing else to be looked at: its package.json stands in the registry.
 */
export function readPlatformName(name: string): NamedPlatform {
  const words = name
    .toLowerCase()
    .replace(/x86[-_]64/g, "x8664")
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
  const isPlatform = (word: string): boolean => SYSTEMS.has(word) || PROCESSORS.has(word) || LIBRARIES.has(word) || FILLERS.has(word);
  const pick = (from: ReadonlyMap<string, string>): string[] => [
    ...new Set(words.map((word) => from.get(word)).filter((one) => one !== undefined)),
  ];
  return {
    stem: words.filter((word) => !isPlatform(word)).join("-"),
    os: pick(SYSTEMS)[0] ?? null,
    cpu: pick(PROCESSORS),
    libc: pick(LIBRARIES)[0] ?? null,
  };
}

/** Whether a package of this name is one for that platform. */
export function isNamedFor({ os, cpu, libc }: NamedPlatform, target: Pick<Target, "os" | "arch" | "libc">): boolean {
  if (os !== target.os) return false;
  if (cpu.length > 0 && !cpu.includes(target.arch)) return false;
  return libc === null || target.libc === null || libc === target.libc;
}

/**
 * Names of packages that exist once a platform, where none of their family is for this one: what a manifest tells of a
 * tree that was installed for another platform. Only names of which system and processor are part are looked at.
 */
export function findForeignNames(names: Iterable<string>, target: Pick<Target, "os" | "arch" | "libc">): readonly string[] {
  const families = new Map<string, { readonly name: string; readonly named: NamedPlatform }[]>();
  for (const name of new Set(names)) {
    const named = readPlatformName(name);
    if (named.cpu.length > 0) families.set(named.stem, [...(families.get(named.stem) ?? []), { name, named }]);
  }
  return [...families.values()].flatMap((family) => {
    const fits = family.some(({ named }) => named.os === null || isNamedFor(named, target));
    return fits ? [] : family.map(({ name }) => name);
  });
}
