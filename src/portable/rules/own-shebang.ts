import { posix } from "node:path";
import type { PlannedEntry } from "../../archive/entry.js";
import type { Environment } from "../../environment/environment.js";
import type { Bases } from "../bases.js";
import { ownArcpath } from "./own-place.js";
import { readScript } from "./read-script.js";
import { rewritten, type Outcome, type Rule } from "./rule.js";

/**
 * Scripts of a prefix whose first line names the prefix's own interpreter, as conda writes them
 * (`#!$E/bin/python`): the kernel takes no relative path there, so the interpreter is found on PATH, where an
 * activated environment comes first.
 */
export const ownShebang: Rule = {
  name: "own interpreter",
  apply: (entry: PlannedEntry, bases: Bases, { kind }: Environment): Outcome | null => {
    if (kind === "project" || entry.type !== "file" || !entry.executable || !/^(bin|sbin|libexec)\//.test(entry.path)) return null;
    const script = readScript(entry);
    const changed = script === null ? null : freeShebang(script.text, bases);
    return script === null || changed === null ? null : { action: "relative", entries: [rewritten(script.file, changed)] };
  },
};

/** The text with `#!/usr/bin/env NAME`; null where its interpreter is none of the prefix's own. */
export function freeShebang(text: string, bases: Pick<Bases, "toArcpath">): string | null {
  const match = /^#!\s*(\/\S+)[ \t]*([^\r\n]*)/.exec(text);
  if (match === null) return null;
  const [line, path = "", options = ""] = match;
  // The interpreter itself may be a link (python -> python3.11): its name as it is written is kept.
  const name = ownArcpath(posix.dirname(path), bases) === "bin" ? posix.basename(path) : undefined;
  if (name === undefined) return null;
  // Only `env -S` takes more than one word; coreutils 8.30, the BSDs and busybox 1.36 have it.
  const start = options === "" ? `#!/usr/bin/env ${name}` : `#!/usr/bin/env -S ${name} ${options.trimEnd()}`;
  return start + text.slice(line.length);
}
