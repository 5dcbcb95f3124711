import { readFileSync } from "node:fs";
import { join } from "node:path";
import { namesIn } from "../../support/names-in.js";

const REGISTRY = "/proc/sys/fs/binfmt_misc";

/** e_machine of ELF headers as they stand in files, little-endian but for s390x and ppc, in hex. */
const MACHINES = new Map([
  ["x64", "3e00"],
  ["arm64", "b700"],
  ["arm", "2800"],
  ["ia32", "0300"],
  ["riscv64", "f300"],
  ["ppc64", "1500"],
  ["s390x", "0016"],
]);

/**
 * The emulator by which the kernel starts programs of another processor; null: none is registered. It has to be opened
 * when it was registered (flag F), since it does not lie in the root file system that is tried.
 *
 * @param arch as `process.arch`
 * @param registry the folder of binfmt_misc
 */
export function emulatorOf(arch: string, registry = REGISTRY): string | null {
  const machine = MACHINES.get(arch);
  if (machine === undefined) return null;
  for (const name of namesIn(registry)) {
    const text = readText(join(registry, name));
    const field = (label: string): string => new RegExp(`^${label}:? (.*)$`, "m").exec(text)?.[1] ?? "";
    // The magic is the ELF header from its first byte; the machine stands at byte 18.
    if (
      text.startsWith("enabled") &&
      field("offset") === "0" &&
      field("magic").startsWith("7f454c46") &&
      field("magic").slice(36, 40) === machine &&
      field("flags").includes("F")
    )
      return field("interpreter");
  }
  return null;
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
