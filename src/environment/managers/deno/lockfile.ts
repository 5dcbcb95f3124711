import { join } from "node:path";
import { asObject, parseObject, type PackageJson } from "../../package-json.js";
import type { LockedNode, LockGraph } from "../locked.js";
import type { Project } from "../manager.js";
import { readOptional } from "../settings.js";

const FILE = "deno.lock";

/**
 * Deno's lockfile (versions 4 and 5) as a graph of its npm packages; null where there is none of these. A key is
 * "name@version", behind which stand the peers that it was resolved with: "a@1.0.0_b@2.0.0".
 */
export function readDenoLock({ root, json, members }: Project): LockGraph | null {
  const lock = parseObject(readOptional(join(root, FILE)) ?? "");
  const locked = asObject(lock?.npm);
  const specifiers = asObject(lock?.specifiers);
  if (locked === null || specifiers === null) return null;
  const keys = Object.keys(locked);
  const packages = new Map<string, LockedNode>();
  for (const [key, value] of Object.entries(locked)) {
    const fields = asObject(value);
    const lists = [fields?.dependencies, fields?.optionalDependencies].flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : []));
    packages.set(key, { id: plainId(key), dependencies: lists.flatMap((one) => (typeof one === "string" ? findKey(keys, one) : [])) });
  }
  const needed = [json, ...members.map((member) => member.json)].flatMap((owner) => neededBy(owner, specifiers, keys));
  return { file: FILE, packages, needed };
}

function neededBy(json: PackageJson, specifiers: Readonly<Record<string, unknown>>, keys: readonly string[]): string[] {
  return [json.dependencies, json.optionalDependencies].flatMap((kind) =>
    [...kind].flatMap(([name, range]) => {
      const wanted = range.startsWith("npm:") ? range.slice("npm:".length) : `${name}@${range}`;
      const version = specifiers[`npm:${wanted}`];
      return typeof version === "string" ? findKey(keys, `${wanted.slice(0, wanted.indexOf("@", 1))}@${version}`) : [];
    }),
  );
}

/** "ms" where there is one version of it, else "ms@2.1.3"; an alias is "short@npm:long@1.0.0". */
function findKey(keys: readonly string[], text: string): string[] {
  const wanted = text.replace(/^.*@npm:/, "");
  const found = keys.find((key) => key === wanted) ?? keys.find((key) => key.startsWith(`${wanted}@`) || key.startsWith(`${wanted}_`));
  return found === undefined ? [] : [found];
}

/** "name@version", without the peers behind it. */
export function plainId(key: string): string {
  return key.replace(/^((?:@[^/]+\/)?[^@]+@[^_]+)_.*$/, "$1");
}
