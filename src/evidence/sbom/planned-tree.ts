import { readFile } from "node:fs/promises";
import type { PlannedEntry } from "../../archive/entry.js";
import { EnvpackError, explainError } from "../../support/errors.js";
import type { PackedTree } from "./packed-tree.js";

/** What is about to be packed. That the files stay as they are until they are packed is looked at when they are. */
export function plannedTree(entries: readonly PlannedEntry[], signal?: AbortSignal): PackedTree {
  return {
    entries,
    async *read(wanted) {
      for (const entry of entries) {
        if (entry.type !== "file" || !wanted.has(entry.path)) continue;
        if (signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted", { cause: signal.reason });
        const { source } = entry;
        const content = source.kind === "bytes" ? Buffer.from(source.bytes) : await readSource(source.file);
        yield { path: entry.path, content };
      }
    },
  };
}

async function readSource(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw explainError(error, "cannot read the environment", file);
  }
}
