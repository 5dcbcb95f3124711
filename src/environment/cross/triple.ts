import type { Target } from "../../manifest/target.js";
import { readHost } from "../../manifest/host.js";
import { EnvpackError } from "../../support/errors.js";
import { nearest } from "../../support/nearest.js";

/** A platform to pack for, whatever Node.js will run it. */
export type TargetPlatform = Omit<Target, "abi">;

/** Processors by system, as `process.arch` and `process.platform` say them. */
const PROCESSORS = new Map([
  ["linux", ["x64", "arm64", "arm", "ppc64", "s390x", "riscv64", "loong64", "ia32"]],
  ["darwin", ["arm64", "x64"]],
  ["win32", ["x64", "arm64", "ia32"]],
  ["freebsd", ["x64", "arm64"]],
]);

/** How others call them, for a hint. */
const OTHER_WORDS = new Map([
  ["windows", "win32"],
  ["win", "win32"],
  ["macos", "darwin"],
  ["mac", "darwin"],
  ["osx", "darwin"],
  ["alpine", "linux"],
  ["amd64", "x64"],
  ["x86_64", "x64"],
  ["x86", "ia32"],
  ["i686", "ia32"],
  ["aarch64", "arm64"],
  ["armv7l", "arm"],
  ["ppc64le", "ppc64"],
  ["gnu", "glibc"],
]);

/** What may be left away is left away: glibc goes without saying. */
const KNOWN: readonly string[] = [...PROCESSORS].flatMap(([os, cpus]) =>
  cpus.flatMap((cpu) => (os === "linux" ? [`${os}-${cpu}`, `${os}-${cpu}-musl`] : [`${os}-${cpu}`])),
);

/**
 * Reads a platform such as "linux-arm64", "linux-x64-musl" or "win32-x64". Linux without a C library means glibc.
 *
 * @throws EnvpackError USAGE with what is known, and what was most likely meant
 */
export function parsePlatform(text: string): TargetPlatform {
  const [os = "", arch = "", libc, ...more] = text.split("-");
  const isKnown = PROCESSORS.get(os)?.includes(arch) === true && more.length === 0;
  if (isKnown && os === "linux" && (libc === undefined || libc === "glibc" || libc === "musl")) return { os, arch, libc: libc ?? "glibc" };
  if (isKnown && libc === undefined) return { os, arch, libc: null };
  throw new EnvpackError(
    "USAGE",
    `there is no platform ${JSON.stringify(text.slice(0, 60))}: ${[...PROCESSORS].map(([name, cpus]) => `${name}-{${cpus.join(",")}}`).join(", ")} are known, linux also with -musl`,
    { hint: meant(text) },
  );
}

function meant(text: string): string {
  const lower = text.toLowerCase();
  const words = lower
    .split("x86_64")
    .flatMap((part, index) => (index === 0 ? part.split(/[-_/]+/) : ["x64", ...part.split(/[-_/]+/)]))
    .filter((word) => word !== "");
  const translated = words.map((word) => OTHER_WORDS.get(word) ?? word);
  const isAlpine = words.includes("alpine") && !translated.includes("musl");
  const [os = "", cpu = "", libc = ""] = [[...PROCESSORS.keys()], [...PROCESSORS.values()].flat(), isAlpine ? [] : ["musl"]].map(
    (known) => translated.find((word) => known.includes(word)) ?? "",
  );
  const plain = [os, cpu, isAlpine ? "musl" : libc].filter((word) => word !== "").join("-");
  const found = KNOWN.includes(plain) ? plain : nearest(translated.join("-"), KNOWN);
  return found === null ? "name it as SYSTEM-PROCESSOR, as linux-arm64" : `perhaps ${found} is meant`;
}

/** Whether programs for a platform run on this machine. */
export async function isThisMachine({ os, arch, libc }: TargetPlatform): Promise<boolean> {
  const host = await readHost();
  return os === host.os && arch === host.arch && (libc === null || host.libc === null || libc === host.libc);
}
