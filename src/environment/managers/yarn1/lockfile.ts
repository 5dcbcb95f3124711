import { join } from "node:path";
import type { LockGraph } from "../locked.js";
import type { Project } from "../manager.js";
import { readOptional } from "../settings.js";
import { graphOfYarn, YARN_LOCK, type YarnEntry } from "../yarn-graph.js";

/** Yarn 1's lockfile as a graph; null where there is none of its form. */
export function readYarn1Lock(project: Project): LockGraph | null {
  const entries = readYarn1Entries(project.root);
  return entries === null ? null : graphOfYarn(entries, project);
}

/** Whether a yarn.lock is of version 1; an empty one, which Yarn 4 takes for its own, is not. */
export function isYarn1Lock(text: string): boolean {
  return !/^__metadata:/m.test(text) && text.trim() !== "";
}

/** An entry of yarn.lock, version 1. */
export interface Yarn1Entry extends YarnEntry {
  /** Address of the tarball, its SHA-1 behind "#"; absent of packages of the disk. */
  readonly resolved?: string;
  /** "sha512-BASE64"; absent in the lockfiles of old Yarns. */
  readonly integrity?: string;
}

/** The entries of a project's yarn.lock; null where there is none of version 1. */
export function readYarn1Entries(root: string): readonly YarnEntry[] | null {
  const text = readOptional(join(root, YARN_LOCK));
  return text === null ? null : parseYarn1Lock(text);
}

/**
 * The entries of yarn.lock, version 1, which only looks like YAML: `"a@^1", a@^2:` and below it `version "1.0.0"`,
 * `dependencies:` and `optionalDependencies:`. Null where it is not of that form.
 */
export function parseYarn1Lock(text: string): readonly Yarn1Entry[] | null {
  if (!isYarn1Lock(text)) return null;
  const blocks = text.split(/\r?\n(?=\S)/).filter((block) => /^\S.*:\r?\n/.test(block) && !block.startsWith("#"));
  return blocks.map((block) => {
    const [head = "", ...lines] = block.split(/\r?\n/);
    const kinds = { dependencies: new Map<string, string>(), optionalDependencies: new Map<string, string>() };
    const fields = new Map<string, string>();
    let section: keyof typeof kinds = "dependencies";
    for (const line of lines) {
      const field = /^ {2}(\w+)(?::| (.+))$/.exec(line);
      const pair = /^ {4}("[^"]+"|\S+) (.+)$/.exec(line);
      if (field?.[2] !== undefined) fields.set(field[1] as string, unquote(field[2]));
      else if (field !== null) section = field[1] === "optionalDependencies" ? "optionalDependencies" : "dependencies";
      else if (pair !== null) kinds[section].set(unquote(pair[1] as string), unquote(pair[2] as string));
    }
    return {
      descriptors: head.replace(/:$/, "").split(", ").map(unquote),
      version: fields.get("version") ?? "",
      resolved: fields.get("resolved"),
      integrity: fields.get("integrity"),
      ...kinds,
    };
  });
}

function unquote(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1) : text;
}
