import type { Platform } from "./manifest.js";

/** A platform that something is made for. */
export interface Target extends Pick<Platform, "os" | "arch" | "libc"> {
  /** NODE_MODULE_VERSION, as "115"; null: any Node.js. */
  readonly abi: string | null;
}

/** A platform in one word, as "linux-x64" and "linux-arm64-musl". glibc goes without saying: most of Linux has it. */
export function tripleOf({ os, arch, libc }: Pick<Target, "os" | "arch" | "libc">): string {
  return `${os}-${arch}${libc === "musl" ? "-musl" : ""}`;
}
