import { posix } from "node:path";
import type { PlannedEntry } from "../../archive/entry.js";
import type { Environment } from "../../environment/environment.js";
import {
  type Manifest,
  type PackageRecord,
  type Platform,
  type RelocationSummary,
  type RuntimeRecord,
  type SlimRecord,
  MANIFEST_VERSION,
} from "../../manifest/manifest.js";
import { VERSION } from "../../support/version.js";
import { foundPaths } from "../../plan/found-paths.js";
import { ENVIRONMENT_FOLDER, resolveFolders } from "../../plan/layout.js";
import { targetOf } from "../../environment/target.js";

/** What the stages before found out, to be told by the manifest. */
export interface Findings {
  readonly environment: Environment;
  /** Everything that goes in but the manifest itself and what is known only after reading. */
  readonly entries: readonly PlannedEntry[];
  readonly omitted: Manifest["omitted"];
  readonly relocation: RelocationSummary;
  /** The highest GLIBC version needed, as "2.28"; null where nothing needs glibc. */
  readonly glibc: string | null;
  /** Whether scripts outside can `import`, or only `require`, from the environment. */
  readonly hook: RuntimeRecord["hook"];
  readonly includedSecrets: readonly string[];
  /** Absent: nothing was left out as not needed to run. */
  readonly slim?: SlimRecord;
}

/** The manifest of an archive: names and figures of what was planned, nothing of the packer. */
export function describePlan(findings: Findings): Manifest {
  const { environment, entries } = findings;
  return {
    formatVersion: MANIFEST_VERSION,
    createdBy: `envpack ${VERSION}`,
    name: environment.name,
    version: environment.version,
    kind: environment.kind,
    platform: describePlatform(findings),
    runtime: describeRuntime(findings),
    manager: environment.manager,
    resolveFrom: resolveFolders(environment),
    packages: describePackages(environment, entries),
    bins: environment.bins.map((bin) => bin.name),
    totals: { entries: entries.length, bytes: entries.reduce((sum, entry) => sum + (entry.type === "file" ? entry.size : 0), 0) },
    relocation: findings.relocation,
    omitted: findings.omitted,
    includedSecrets: [...findings.includedSecrets].sort(),
    ...(findings.slim === undefined ? {} : { slim: findings.slim }),
  };
}

function describePlatform({ environment, glibc }: Findings): Platform {
  const { os, arch, libc } = targetOf(environment);
  return { os, arch, libc, glibc };
}

function describeRuntime({ environment, hook }: Findings): RuntimeRecord | null {
  if (environment.runtime === null) return null;
  const { version, abi, napi } = environment.runtime;
  return { name: "node", version, abi, napi, hook };
}

/** The packages whose folder goes in: `--omit dev` and `--exclude` take some away. */
function describePackages(environment: Environment, entries: readonly PlannedEntry[]): PackageRecord[] {
  const base = ENVIRONMENT_FOLDER[environment.kind];
  const records = environment.packages
    .filter(({ path }) => path !== "")
    .map(({ name, version, path }) => ({ name, version, path: posix.join(base, path) }));
  // Plug'n'Play has archives in place of folders.
  const places = entries.filter(({ type }) => type === "directory" || type === "file");
  const packed = foundPaths(
    places,
    records.map(({ path }) => path),
  );
  return records.filter(({ path }) => packed.has(path));
}
