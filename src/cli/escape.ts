import { escapeText, escapeUnits, UNSAFE } from "../support/unsafe-text.js";

/**
 * JSON of a value, safe to print and still the same JSON: JSON.stringify escapes the C0 controls
 * inside strings only, so the newlines that are left are its own.
 */
export function escapedJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(UNSAFE, (match) => (match === "\n" ? match : escapeUnits(match)));
}

/** A path as a word that can be pasted into a POSIX shell, where nothing in it had to be escaped. */
export function escapedWord(path: string): string {
  const text = escapeText(path);
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
