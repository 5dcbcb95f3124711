/**
 * Characters that must not reach a terminal as they are: C0 and C1 controls with DEL (ANSI sequences,
 * newlines), marks that turn the direction of text or hide in it (bidirectional controls, zero-width
 * characters, line separators, tags), and halves of surrogate pairs.
 */
const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udfff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Makes a text from outside (a name from an archive, an error's path) safe to print, in one line. */
export function escapeText(text: string): string {
  return text.replace(UNSAFE, escapeUnits);
}

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

function escapeUnits(match: string): string {
  let escaped = "";
  for (let at = 0; at < match.length; at++) {
    escaped += `\\u${match.charCodeAt(at).toString(16).padStart(4, "0")}`;
  }
  return escaped;
}
