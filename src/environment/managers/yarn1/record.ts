import { join } from "node:path";
import { asObject, parseObject } from "../../package-json.js";
import { reachKeys } from "../locked.js";
import type { InstallRecord, Project, RecordedPackage } from "../manager.js";
import { readOptional } from "../settings.js";
import { entryFinder } from "../yarn-graph.js";
import { readYarn1Entries } from "./lockfile.js";

/** What Yarn 1 writes when an installation has ended. */
export const INTEGRITY = "node_modules/.yarn-integrity";

/**
 * What Yarn 1 installed: the entries of its lockfile that its own note has too, as far as the project and its members
 * need them. The note names the whole lockfile and says in its flags what was left out; what may fail is not asked for.
 */
export function readYarn1Record({ root, json, members }: Project): InstallRecord | null {
  const note = parseObject(readOptional(join(root, INTEGRITY)) ?? "");
  const recorded = asObject(note?.lockfileEntries);
  const entries = readYarn1Entries(root);
  if (recorded === null || entries === null) return null;
  const find = entryFinder(entries);
  const wanted = entries.filter(({ descriptors }) => descriptors.some((one) => Object.hasOwn(recorded, one)));
  const nodes = new Map(
    wanted.map(({ descriptors, version, dependencies }) => {
      const key = descriptors[0] as string;
      return [
        key,
        { package: record(key, version), dependencies: [...dependencies].flatMap(([name, range]) => find(name, range)) },
      ] as const;
    }),
  );
  const isProduction = Array.isArray(note?.flags) && note.flags.includes("production");
  const owners = new Map([{ path: "", json }, ...members].map((owner) => [owner.path, owner.json]));
  const neededBy = (folder: string): RecordedPackage[] => {
    const own = owners.get(folder);
    const kinds = [own?.dependencies, isProduction ? undefined : own?.devDependencies];
    const names = kinds.flatMap((kind) => [...(kind ?? [])]).filter(([name]) => own?.optionalDependencies.has(name) !== true);
    return [
      ...reachKeys(
        nodes,
        names.flatMap(([name, range]) => find(name, range)),
      ),
    ].flatMap((key) => nodes.get(key)?.package ?? []);
  };
  return { file: INTEGRITY, packages: [...new Set([...owners.keys()].flatMap(neededBy))], importers: null, neededBy };
}

function record(descriptor: string, version: string): RecordedPackage {
  const name = descriptor.slice(0, descriptor.indexOf("@", 1));
  return { name, version: /^\d/.test(version) ? version : null, path: null, optional: false, link: false };
}
