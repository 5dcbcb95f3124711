import { join } from "node:path";
import { asObject } from "../../package-json.js";
import type { LockedNode, LockGraph } from "../locked.js";
import type { Project } from "../manager.js";
import { readYaml } from "../settings.js";

const FILE = "bun.lock";
const KINDS = ["dependencies", "optionalDependencies", "peerDependencies"];

/**
 * Bun's lockfile as a graph; null where there is none, or only the binary one of earlier versions. It is JSON with
 * commas at the end of lists, as YAML has them too. A key is a place: "semver/lru-cache" lies in semver's node_modules.
 * Source: bun.sh/docs/install/lockfile
 */
export function readBunLock({ root }: Project): LockGraph | null {
  const lock = readYaml(join(root, FILE));
  const locked = asObject(lock?.packages);
  const workspaces = asObject(lock?.workspaces);
  if (locked === null || workspaces === null) return null;
  const packages = new Map<string, LockedNode>();
  const isThere = (key: string): boolean => Object.hasOwn(locked, key);
  for (const [key, value] of Object.entries(locked)) {
    const [id, ...rest] = Array.isArray(value) ? (value as unknown[]) : [];
    if (typeof id !== "string") continue;
    const fields = rest.map(asObject).find((one) => one !== null);
    packages.set(key, { id, dependencies: namesIn(fields, KINDS).flatMap((name) => resolveKey(key, name, isThere)) });
  }
  const needed = Object.values(workspaces).flatMap((one) => {
    const own = asObject(one);
    return namesIn(own, KINDS).flatMap((name) => resolveKey(typeof own?.name === "string" ? own.name : "", name, isThere));
  });
  return { file: FILE, packages, needed };
}

function namesIn(fields: Readonly<Record<string, unknown>> | null | undefined, kinds: readonly string[]): string[] {
  return kinds.flatMap((kind) => Object.keys(asObject(fields?.[kind]) ?? {}));
}

/** The key of what a package finds under a name: in its own node_modules, or in that of one around it. */
function resolveKey(from: string, name: string, isThere: (key: string) => boolean): string[] {
  const parts = from === "" ? [] : (from.match(/@[^/]+\/[^/]+|[^/]+/g) ?? []);
  for (let depth = parts.length; depth >= 0; depth--) {
    const key = [...parts.slice(0, depth), name].join("/");
    if (isThere(key)) return [key];
  }
  return [];
}
