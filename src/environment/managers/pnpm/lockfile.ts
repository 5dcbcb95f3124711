import { existsSync } from "node:fs";
import { join } from "node:path";
import { asObject } from "../../package-json.js";
import type { LockGraph, LockedNode } from "../locked.js";
import { readYaml } from "../settings.js";
import { append } from "../../../support/append.js";

const FILE = "pnpm-lock.yaml";
/** What pnpm did of the lockfile, in the lockfile's own form: without what a filter, `--prod` or the platform left out. */
export const CURRENT = "node_modules/.pnpm/lock.yaml";

type Fields = Readonly<Record<string, unknown>>;

export interface PnpmLock extends LockGraph {
  /** By the folders of the project ("") and its members: what each depends on, but for development and optionally. */
  readonly required: ReadonlyMap<string, readonly string[]>;
  /** The same with what is for development. */
  readonly all: ReadonlyMap<string, readonly string[]>;
}

/**
 * pnpm's lockfile, version 9 (pnpm 9 and later); null where there is none, or another version's: then
 * the packages' own dependencies tell. Source: github.com/pnpm/spec, lockfile/9.0.md
 *
 * @param file relative to the root: the project's, or CURRENT
 */
export function readPnpmLock(root: string, file = FILE): PnpmLock | null {
  const lock = readYaml(join(root, file));
  const importers = asObject(lock?.importers);
  // Without any package there is no such section.
  const snapshots =
    asObject(lock?.snapshots) ?? (lock?.packages === undefined && String(lock?.lockfileVersion).startsWith("9") ? {} : null);
  if (importers === null || snapshots === null) return null;
  const packages = new Map(Object.entries(snapshots).map(([key, fields]) => [key, decodeSnapshot(key, asObject(fields) ?? {})]));
  const required = new Map<string, readonly string[]>();
  const all = new Map<string, readonly string[]>();
  const optional: string[] = [];
  for (const [name, value] of Object.entries(importers)) {
    const path = name === "." ? "" : name;
    const importer = asObject(value);
    required.set(path, keysOf(importer?.dependencies));
    all.set(path, [...keysOf(importer?.dependencies), ...keysOf(importer?.devDependencies)]);
    append(optional, keysOf(importer?.optionalDependencies));
  }
  return { file, packages, needed: [...[...required.values()].flat(), ...optional], required, all };
}

/**
 * The folders that a pnpm workspace's lockfile installs for, as it writes them ("." and "packages/web"); empty
 * where there is no workspace. Earlier lockfiles tell them in the same way.
 */
export function readPnpmImporters(root: string): readonly string[] {
  if (!existsSync(join(root, "pnpm-workspace.yaml"))) return [];
  return Object.keys(asObject(readYaml(join(root, FILE))?.importers) ?? {});
}

/** The settings that pnpm writes down with an installation, in YAML or JSON; null where there are none. */
export function readModulesYaml(root: string): Fields | null {
  const file = join(root, "node_modules/.modules.yaml");
  return existsSync(file) ? readYaml(file) : null;
}

/** The version of pnpm that installed: `packageManager: pnpm@10.34.0`. */
export function readPnpmVersion(root: string): string | null {
  const maker = readModulesYaml(root)?.packageManager;
  return typeof maker === "string" ? (/^pnpm@(\d[^+]*)/.exec(maker)?.[1] ?? null) : null;
}

/** An importer's dependencies of one kind. */
function keysOf(kind: unknown): string[] {
  return Object.entries(asObject(kind) ?? {}).flatMap(([name, spec]) => keyOf(name, asObject(spec)?.version));
}

function decodeSnapshot(key: string, fields: Fields): LockedNode {
  const kinds = [fields.dependencies, fields.optionalDependencies].map((kind) => Object.entries(asObject(kind) ?? {}));
  // "debug@4.4.3(supports-color@8.1.1)"
  const [id = ""] = key.split("(", 1);
  return { id, dependencies: kinds.flat().flatMap(([name, version]) => keyOf(name, version)), optional: fields.optional === true };
}

/** The key of a dependency: a version below its name, or under an alias the whole key. Links have none. */
function keyOf(name: string, version: unknown): string[] {
  if (typeof version !== "string" || version.startsWith("link:")) return [];
  return [/^(@[^/]+\/)?[^@/(]+@/.test(version) ? version : `${name}@${version}`];
}
