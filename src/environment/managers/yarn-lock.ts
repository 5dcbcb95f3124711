import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { asObject, type PackageJson } from "../package-json.js";
import type { LockedNode, LockGraph } from "./lock-graph.js";
import type { Project } from "./manager.js";

const FILE = "yarn.lock";

interface Entry {
  /** "debug@^4.0.0", "debug@npm:^4.0.0" */
  readonly descriptors: readonly string[];
  readonly version: string;
  readonly dependencies: ReadonlyMap<string, string>;
}

/**
 * Yarn's lockfile, of version 1 or of Yarn 2 and later, which is YAML; null where there is none or it cannot be
 * read: then the packages' own dependencies tell.
 */
export function readYarnLock(project: Project): LockGraph | null {
  if (!existsSync(join(project.root, FILE))) return null;
  const text = readFileSync(join(project.root, FILE), "utf8");
  const entries = /^__metadata:/m.test(text) ? decodeModern(text) : decodeClassic(text);
  if (entries === null) return null;
  const keys = new Map<string, string>();
  for (const { descriptors } of entries) for (const one of descriptors) keys.set(one, descriptors[0] as string);
  const find = (name: string, range: string): string[] => {
    const found = keys.get(`${name}@${range}`) ?? keys.get(`${name}@npm:${range}`);
    return found === undefined ? [] : [found];
  };
  const packages = new Map<string, LockedNode>();
  for (const { descriptors, version, dependencies } of entries) {
    const key = descriptors[0] as string;
    packages.set(key, { id: `${nameOf(key)}@${version}`, dependencies: [...dependencies].flatMap(([name, range]) => find(name, range)) });
  }
  const owners = [project.json, ...project.members.map(({ json }) => json)];
  return { file: FILE, packages, needed: owners.flatMap((json) => neededBy(json).flatMap(([name, range]) => find(name, range))) };
}

function neededBy(json: PackageJson): [string, string][] {
  return [json.dependencies, json.optionalDependencies].flatMap((kind) => [...kind]);
}

/** "@s/name@npm:^1.0.0" and an alias "short@npm:long@^1.0.0": the package's own name. */
function nameOf(descriptor: string): string {
  const at = descriptor.indexOf("@", 1);
  const alias = /^npm:((?:@[^/]+\/)?[^@/]+)@/.exec(descriptor.slice(at + 1));
  return alias?.[1] ?? descriptor.slice(0, at);
}

function decodeModern(text: string): Entry[] | null {
  try {
    const lock = asObject(parse(text));
    return Object.entries(lock ?? {}).flatMap(([key, value]) => {
      const fields = asObject(value);
      if (key === "__metadata" || fields === null) return [];
      // Of the project's own packages it lists what they need for development as well: package.json tells them apart.
      const listed = key.includes("@workspace:") ? {} : (asObject(fields.dependencies) ?? {});
      const dependencies = new Map(Object.entries(listed).map(([name, range]) => [name, String(range)]));
      return [{ descriptors: key.split(", "), version: String(fields.version), dependencies }];
    });
  } catch {
    return null;
  }
}

/** Version 1 only looks like YAML: `"a@^1", a@^2:` and below it `version "1.0.0"` and `dependencies:`. */
function decodeClassic(text: string): Entry[] {
  const blocks = text.split(/\n(?=\S)/).filter((block) => /^\S.*:\n/.test(block) && !block.startsWith("#"));
  return blocks.map((block) => {
    const [head = "", ...lines] = block.split("\n");
    const descriptors = head.replace(/:$/, "").split(", ").map(unquote);
    const dependencies = new Map<string, string>();
    for (const line of lines) {
      const match = /^ {4}("[^"]+"|\S+) (.+)$/.exec(line);
      if (match !== null) dependencies.set(unquote(match[1] as string), unquote(match[2] as string));
    }
    return { descriptors, version: unquote(/^ {2}version (.+)$/m.exec(block)?.[1] ?? ""), dependencies };
  });
}

function unquote(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1) : text;
}
