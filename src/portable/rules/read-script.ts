import { readFileSync } from "node:fs";
import type { PlannedEntry, PlannedFile } from "../../archive/entry.js";
import { explainError } from "../../support/errors.js";

/** Bytes. Launchers have a few hundred to a few thousand; larger files are programs. */
const LARGEST = 1 << 16;

/** A small script that lies on the disk, with its text and its absolute path there; null for anything else. */
export function readScript(entry: PlannedEntry): { readonly file: PlannedFile; readonly disk: string; readonly text: string } | null {
  if (entry.type !== "file" || entry.source.kind !== "disk" || entry.size > LARGEST) return null;
  const { file } = entry.source;
  try {
    const text = readFileSync(file, "utf8");
    // Rewriting goes by text: bytes that are no UTF-8 would not survive it.
    return text.startsWith("#!") && !text.includes("\ufffd") ? { file: entry, disk: file, text } : null;
  } catch (error) {
    throw explainError(error, "cannot read a command", file);
  }
}
