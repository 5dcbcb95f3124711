import { createHash } from "node:crypto";
import type { Entry } from "./entry.js";
import { encodeEntry } from "./index/index-lines.js";

/**
 * The digest of entries: SHA-256 over their index lines, as hex. It covers paths, kinds, modes,
 * contents and targets; it does not depend on how an archive was cut and compressed.
 */
export function digestEntries(entries: readonly Entry[]): string {
  const hash = createHash("sha256");
  for (const entry of entries) hash.update(encodeEntry(entry));
  return hash.digest("hex");
}
