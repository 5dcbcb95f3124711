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

/**
 * The entries of yarn.lock, version 1, which only looks like YAML: `"a@^1", a@^2:` and below it `version "1.0.0"`,
 * `dependencies:` and `optionalDependencies:`. Null where there is none of that form.
 */
export function readYarn1Entries(root: string): readonly YarnEntry[] | null {
  const text = readOptional(join(root, YARN_LOCK));
  if (text === null || !isYarn1Lock(text)) return null;
  const blocks = text.split(/\r?\n(?=\S)/).filter((block) => /^\S.*:\r?\n/.test(block) && !block.startsWith("#"));
  return blocks.map((block) => {
    const [head = "", ...lines] = block.split(/\r?\n/);
    const kinds = { dependencies: new Map<string, string>(), optionalDependencies: new Map<string, string>() };
    let version = "";
    let section: keyof typeof kinds = "dependencies";
    for (const line of lines) {
      const field = /^ {2}(\w+)(?::| (.+))$/.exec(line);
      const pair = /^ {4}("[^"]+"|\S+) (.+)$/.exec(line);
      if (field?.[1] === "version") version = unquote(field[2] ?? "");
      else if (field !== null) section = field[1] === "optionalDependencies" ? "optionalDependencies" : "dependencies";
      else if (pair !== null) kinds[section].set(unquote(pair[1] as string), unquote(pair[2] as string));
    }
    return { descriptors: head.replace(/:$/, "").split(", ").map(unquote), version, ...kinds };
  });
}

function unquote(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1) : text;
}
