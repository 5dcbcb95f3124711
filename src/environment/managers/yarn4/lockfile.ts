import { join } from "node:path";
import { asObject } from "../../package-json.js";
import type { LockGraph } from "../locked.js";
import type { Project } from "../manager.js";
import { readYaml } from "../settings.js";
import { graphOfYarn, YARN_LOCK, type YarnEntry } from "../yarn-graph.js";

/** The lockfile of Yarn 2 and later, which is YAML, as a graph; null where there is none or it cannot be read. */
export function readYarn4Lock(project: Project): LockGraph | null {
  const lock = readYaml(join(project.root, YARN_LOCK));
  if (lock === null || !Object.hasOwn(lock, "__metadata")) return null;
  return graphOfYarn(
    Object.entries(lock).flatMap(([key, value]) => decode(key, value)),
    project,
  );
}

/**
 * What Yarn fetches on some platforms only, as "@esbuild/darwin-arm64@npm:0.28.2": it is known, and may be absent. Null
 * where there is no lockfile to tell.
 */
export function readConditional(root: string): ReadonlySet<string> | null {
  const lock = readYaml(join(root, YARN_LOCK));
  if (lock === null) return null;
  const entries = Object.values(lock).map(asObject);
  return new Set(
    entries.flatMap((fields) => (typeof fields?.resolution === "string" && fields.conditions !== undefined ? [fields.resolution] : [])),
  );
}

function decode(key: string, value: unknown): YarnEntry[] {
  const fields = asObject(value);
  if (key === "__metadata" || fields === null) return [];
  // Of the project's own packages it lists what they need for development as well: package.json tells them apart.
  const listed = key.includes("@workspace:") ? {} : (asObject(fields.dependencies) ?? {});
  const dependencies = new Map(Object.entries(listed).map(([name, range]) => [name, String(range)]));
  return [{ descriptors: key.split(", "), version: String(fields.version), dependencies, optionalDependencies: new Map() }];
}
