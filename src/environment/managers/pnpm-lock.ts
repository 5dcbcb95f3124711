import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { asObject } from "../package-json.js";
import type { LockGraph, LockedNode } from "./lock-graph.js";

const FILE = "pnpm-lock.yaml";

type Fields = Readonly<Record<string, unknown>>;

export interface PnpmLock extends LockGraph {
  /** By the folders of the project ("") and its members: what each depends on, but for development and optionally. */
  readonly required: ReadonlyMap<string, readonly string[]>;
}

/**
 * pnpm's lockfile, version 9 (pnpm 9 and later); null where there is none, or another version's: then
 * the packages' own dependencies tell. Source: github.com/pnpm/spec, lockfile/9.0.md
 */
export function readPnpmLock(root: string): PnpmLock | null {
  if (!existsSync(join(root, FILE))) return null;
  const lock = parseLock(readFileSync(join(root, FILE), "utf8"));
  const importers = asObject(lock?.importers);
  const snapshots = asObject(lock?.snapshots);
  if (importers === null || snapshots === null) return null;
  const packages = new Map(Object.entries(snapshots).map(([key, fields]) => [key, decodeSnapshot(key, asObject(fields) ?? {})]));
  const required = new Map<string, readonly string[]>();
  const optional: string[] = [];
  for (const [path, importer] of Object.entries(importers)) {
    required.set(path === "." ? "" : path, keysOf(asObject(importer)?.dependencies));
    optional.push(...keysOf(asObject(importer)?.optionalDependencies));
  }
  return { file: FILE, packages, needed: [...[...required.values()].flat(), ...optional], required };
}

/** An importer's dependencies of one kind. */
function keysOf(kind: unknown): string[] {
  return Object.entries(asObject(kind) ?? {}).flatMap(([name, spec]) => keyOf(name, asObject(spec)?.version));
}

/** pnpm 12 puts a document about itself in front of the project's. */
function parseLock(text: string): Fields | null {
  try {
    const documents = text.split(/^---\n/m).filter((document) => document.trim() !== "");
    const decoded = documents.map((document) => asObject(parse(document)));
    return decoded.find((one) => asObject(one?.snapshots) !== null) ?? decoded[0] ?? null;
  } catch {
    return null;
  }
}

function decodeSnapshot(key: string, fields: Fields): LockedNode {
  const kinds = [fields.dependencies, fields.optionalDependencies].map((kind) => Object.entries(asObject(kind) ?? {}));
  // "debug@4.4.3(supports-color@8.1.1)"
  const id = key.replace(/\(.*$/, "");
  return { id, dependencies: kinds.flat().flatMap(([name, version]) => keyOf(name, version)), optional: fields.optional === true };
}

/** The key of a dependency: a version below its name, or under an alias the whole key. Links have none. */
function keyOf(name: string, version: unknown): string[] {
  if (typeof version !== "string" || version.startsWith("link:")) return [];
  return [/^(@[^/]+\/)?[^@/(]+@/.test(version) ? version : `${name}@${version}`];
}
