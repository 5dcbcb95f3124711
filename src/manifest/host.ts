import { compareVersions } from "../support/compare-versions.js";
import { EnvpackError } from "../support/errors.js";
import { THIS_MACHINE } from "../support/this-machine.js";
import type { Manifest, Platform } from "./manifest.js";

/** The machine that envpack runs on; `glibc` is the version that is installed, as "2.36". */
export type Host = Platform;

/** What this machine is, as far as it decides whether an environment runs on it. The first time it takes some milliseconds. */
export async function readHost(): Promise<Host> {
  return { ...THIS_MACHINE, ...knownLibc() };
}

/** The same at once, without the version of glibc. */
export function readHostAtOnce(): Pick<Host, "os" | "arch" | "libc"> {
  return { ...THIS_MACHINE, libc: knownLibc().libc };
}

let libc: Pick<Host, "libc" | "glibc"> | null = null;

function knownLibc(): Pick<Host, "libc" | "glibc"> {
  return (libc ??= readLibc());
}

/** The C library of the node that runs this: read from its own report, so nothing has to be started. */
function readLibc(): Pick<Host, "libc" | "glibc"> {
  if (THIS_MACHINE.os !== "linux") return { libc: null, glibc: null };
  const report: NodeJS.ProcessReport & { excludeNetwork?: boolean } = process.report;
  const before = report.excludeNetwork;
  // Without this the report looks up the names of all open connections, which can take seconds.
  report.excludeNetwork = true;
  const { header, sharedObjects } = report.getReport() as {
    header: { glibcVersionRuntime?: string };
    sharedObjects?: string[];
  };
  report.excludeNetwork = before;
  if (header.glibcVersionRuntime !== undefined) return { libc: "glibc", glibc: header.glibcVersionRuntime };
  const musl = (sharedObjects ?? []).some((file) => /\/(?:ld-musl-|libc\.musl-)/.test(file));
  return { libc: musl ? "musl" : null, glibc: null };
}

/** A platform in words: "linux x64 with glibc 2.28". @param orNewer what follows glibc's version */
export function describePlatform({ os, arch, libc, glibc }: Platform, orNewer: string): string {
  const library = libc === "glibc" && glibc !== null ? `glibc ${glibc}${orNewer}` : libc;
  return library === null ? `${os} ${arch}` : `${os} ${arch} with ${library}`;
}

/** What of the machine is at odds with what is needed, in words; null where nothing is. */
function findMismatch(needs: Platform, host: Host): string | null {
  if (needs.os !== host.os || needs.arch !== host.arch) return `is ${describePlatform(host, "")}`;
  // A machine whose C library could not be told may well be right: nothing speaks against it.
  if (needs.libc === null || host.libc === null) return null;
  if (needs.libc !== host.libc) return `has ${host.libc}`;
  if (needs.glibc === null || host.glibc === null) return null;
  return compareVersions(needs.glibc, host.glibc) > 0 ? `has glibc ${host.glibc}` : null;
}

/**
 * Makes sure that an environment can run on a machine.
 *
 * @throws EnvpackError PLATFORM_MISMATCH that says in one sentence what is needed and what is there
 */
export function assertRunsHere(manifest: Manifest, host: Host): void {
  const mismatch = findMismatch(manifest.platform, host);
  if (mismatch === null) return;
  const needed = describePlatform(manifest.platform, " or newer");
  throw new EnvpackError("PLATFORM_MISMATCH", `this environment needs ${needed}; this machine ${mismatch}`, {
    hint: "pack it on a machine like this one, or go on all the same with --force-platform",
  });
}
