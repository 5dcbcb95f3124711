import { foreignPackages } from "../../native/foreign-packages.js";
import { EnvpackError } from "../../support/errors.js";
import { tripleOf } from "../../manifest/target.js";
import { assertRunsHere, type Host } from "../../manifest/host.js";
import { compareVersions } from "../../support/compare-versions.js";
import type { Manifest } from "../../manifest/manifest.js";
import { fails, ok, warning, type Finding } from "./finding.js";

/** Whether system, processor and C library are those that the environment was made for. */
export function checkPlatform(manifest: Manifest | null, host: Host): Finding {
  const here = [`${host.os}-${host.arch}`, host.libc, host.glibc].filter((part) => part !== null).join(" ");
  if (manifest === null) return ok("platform", `this machine is ${here}`);
  try {
    assertRunsHere(manifest, host);
  } catch (error) {
    if (!(error instanceof EnvpackError) || error.code !== "PLATFORM_MISMATCH") throw error;
    return fails("platform", error.message, "pack it on a machine like this one");
  }
  const foreign = foreignPackages(manifest, host);
  if (foreign !== null) return fails("platform", foreign, `install them for ${tripleOf(host)}, and pack again`);
  if (manifest.platform.libc !== null && host.libc === null) {
    return warning(
      "platform",
      `the C library of this machine could not be told; ${manifest.platform.libc} is needed`,
      "try it: bin/node --version",
    );
  }
  const { glibc } = manifest.platform;
  const room = glibc !== null && host.glibc !== null && compareVersions(glibc, host.glibc) <= 0 ? `, glibc ${glibc} is needed` : "";
  return ok("platform", `${here}${room}`);
}
