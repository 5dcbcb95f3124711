import { existsSync } from "node:fs";
import { join } from "node:path";
import { listTree } from "../../listing/listing.js";
import type { Host } from "../../manifest/host.js";
import { compareVersions } from "../../support/compare-versions.js";
import type { Manifest } from "../../manifest/manifest.js";
import { tripleOf } from "../../manifest/target.js";
import { readBinaryPlatform } from "../../native/binary-platform.js";
import { findNatives } from "../../native/find-natives.js";
import { fitsAbi, fitsPlatform, isForElectron } from "../../native/fits.js";
import type { NativeFile } from "../../native/native-file.js";
import { fails, ok, type Finding } from "./finding.js";

/** Whether an environment was made for machines of another kind, where nothing of it can be tried. */
export function isForeign({ platform }: Manifest, host: Host): boolean {
  return (
    platform.os !== host.os || platform.arch !== host.arch || (platform.libc !== null && host.libc !== null && platform.libc !== host.libc)
  );
}

/**
 * What the headers of an environment for other machines tell: whether its node and each of its native files are for the
 * platform that its manifest names, with the C library and the versions of symbols that it promises, and for its Node.js.
 *
 * @param folder where its native files and its node lie, at their own paths
 */
export function checkStructure(folder: string, manifest: Manifest): Finding[] {
  const natives = findNatives(listTree(folder), manifest.packages).filter(({ file }) => !isForElectron(file));
  const addons =
    natives.length === 0 ? [ok("addons", "it has no native addons")] : natives.map((native) => judge(native, manifest, natives));
  return [...checkNode(folder, manifest), ...addons];
}

function checkNode(folder: string, { runtime, platform }: Manifest): Finding[] {
  const file = ["bin/node", "bin/node.exe"].find((path) => existsSync(join(folder, path)));
  if (runtime === null || file === undefined) return [];
  const found = readBinaryPlatform(join(folder, file));
  if (found !== null && fitsPlatform(found, platform)) return [ok("node", `${file} is for ${tripleOf(platform)}`)];
  return [fails("node", `${file} is not for ${tripleOf(platform)}`, "pack it again with a node of that platform")];
}

/** An addon of a package that has another one which fits is one of several that the package chooses from. */
function judge(native: NativeFile, { platform, runtime }: Manifest, natives: readonly NativeFile[]): Finding {
  const target = { ...platform, abi: runtime?.abi ?? null };
  const isFit = (one: NativeFile): boolean => fitsPlatform(one, target) && (target.abi === null || fitsAbi(one, target));
  const hasOther = natives.some((other) => other !== native && other.package === native.package && other.package !== "" && isFit(other));
  const what = `${native.file}: ${describe(native)}`;
  if (!fitsPlatform(native, target))
    return hasOther
      ? ok("addon", `${what}; another one is for ${tripleOf(platform)}`)
      : fails("addon", `${what}, where ${tripleOf(platform)} is packed for`, "install it for that platform, and pack again");
  if (native.glibc !== null && platform.glibc !== null && compareVersions(native.glibc, platform.glibc) > 0)
    return fails(
      "addon",
      `${what}, newer than the glibc ${platform.glibc} that the manifest promises`,
      "pack it again with a newer envpack",
    );
  if (!isFit(native) && !hasOther)
    return fails(
      "addon",
      `${what}, where Node.js ${runtime?.version ?? ""} has ABI ${target.abi ?? ""}`,
      "build it for that Node.js, or pack another one",
    );
  return ok("addon", what);
}

function describe({ os, arch, alsoFor = [], libc, glibc, abi }: NativeFile): string {
  const node = abi === null ? null : abi === "napi" ? "any Node.js (Node-API)" : `Node.js of ABI ${abi}`;
  return [
    `${os ?? "an unknown system"} ${[arch ?? "of an unknown processor", ...alsoFor].join(" and ")}`,
    glibc === null ? libc : `glibc ${glibc}`,
    node,
  ]
    .filter((part) => part !== null)
    .join(", ");
}
