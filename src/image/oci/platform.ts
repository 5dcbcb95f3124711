import type { OciPlatform } from "./documents.js";

/** `process.arch` to what images call it (GOARCH of the Go project). */
const ARCHITECTURES = new Map([
  ["x64", "amd64"],
  ["arm64", "arm64"],
  ["arm", "arm"],
  ["ia32", "386"],
  ["ppc64", "ppc64le"],
  ["s390x", "s390x"],
  ["riscv64", "riscv64"],
  ["loong64", "loong64"],
]);

/** The platform of an image that holds what was built for `arch`; Node for 32-bit ARM wants ARMv7. */
export function ociPlatform(os: string, arch: string): OciPlatform {
  const architecture = ARCHITECTURES.get(arch) ?? arch;
  return { architecture, os, ...(arch === "arm" ? { variant: "v7" } : {}) };
}

/** Whether an image of the first platform runs what is for the second. */
export function isSamePlatform(has: OciPlatform, wanted: OciPlatform): boolean {
  return (
    has.os === wanted.os &&
    has.architecture === wanted.architecture &&
    (wanted.variant === undefined || has.variant === undefined || has.variant === wanted.variant)
  );
}

/** "linux/arm/v7" */
export function platformText({ os, architecture, variant }: OciPlatform): string {
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join("/");
}
