import type { Platform } from "../../manifest/manifest.js";
import type { Report } from "./report.js";
import type { Aspect } from "./row.js";

/** Something that a report says in one line; undefined: it has no say. */
export interface Fact {
  readonly aspect: Aspect;
  readonly what: string;
  readonly value: string | null | undefined;
}

/** What of a report is compared beside packages and files, in the order in which it is told. */
export function factsOf({ manifest, host }: Report): Fact[] {
  const { runtime, manager } = manifest;
  return [
    { aspect: "environment", what: "name", value: manifest.name },
    { aspect: "environment", what: "version", value: manifest.version },
    { aspect: "environment", what: "made by", value: manifest.createdBy },
    { aspect: "environment", what: "kind", value: manifest.kind },
    { aspect: "environment", what: "manager", value: manager === null ? null : `${manager.name} ${manager.version ?? ""}`.trimEnd() },
    { aspect: "environment", what: "left out", value: manifest.omitted.length === 0 ? null : manifest.omitted.join(" ") },
    { aspect: "runtime", what: "Node.js", value: runtime?.version ?? machinesNode(host) },
    { aspect: "runtime", what: "Node.js ABI", value: runtime?.abi ?? undefined },
    { aspect: "platform", what: "made for", value: describePlatform(manifest.platform) },
    { aspect: "host", what: "machine", value: host === null ? undefined : describePlatform(host) },
  ];
}

/** An environment without a runtime is run by the node of the machine, which is what reports. */
function machinesNode(host: Report["host"]): string | undefined {
  return host === null ? undefined : `${host.node} (the machine's own)`;
}

function describePlatform({ os, arch, libc, glibc }: Platform): string {
  return [`${os}-${arch}`, [libc, glibc].filter((part) => part !== null).join(" ")].filter((part) => part !== "").join(", ");
}
