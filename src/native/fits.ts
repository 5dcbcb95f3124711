import type { Target } from "../manifest/target.js";
import type { NativeFile } from "./native-file.js";

/** Whether the loader of a package would take this library on that platform. */
export function fitsPlatform(
  native: Pick<NativeFile, "os" | "arch" | "libc" | "alsoFor">,
  target: { readonly os: string; readonly arch: string; readonly libc: Target["libc"] },
): boolean {
  if (native.os !== target.os) return false;
  if (native.arch !== null && native.arch !== target.arch && native.alsoFor?.includes(target.arch) !== true) return false;
  return native.libc === null || target.libc === null || native.libc === target.libc;
}

/** `prebuilds/linux-x64/electron.abi110.node`, `bin/electron-v20…/x.node` */
export function isForElectron(file: string): boolean {
  return /(^|\/)electron[.-]/.test(file.slice(file.lastIndexOf("node_modules/") + 1));
}

/** Whether a node of this ABI loads an addon. */
export function fitsAbi(native: Pick<NativeFile, "abi">, target: Pick<Target, "abi">): boolean {
  return native.abi === null || native.abi === "napi" || native.abi === target.abi;
}
