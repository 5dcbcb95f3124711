/**
 * Characters that must not be shown as they are: C0 and C1 controls with DEL (ANSI sequences,
 * newlines), marks that turn the direction of text or hide in it (bidirectional controls, zero-width
 * characters, line separators, tags), and halves of surrogate pairs.
 */
export const UNSAFE =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udfff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Makes a text from outside (a name from an archive, an error's path) safe to show, in one line. */
export function escapeText(text: string): string {
  return text.replace(UNSAFE, escapeUnits);
}

/** Each UTF-16 unit as \uXXXX. */
export function escapeUnits(match: string): string {
  let escaped = "";
  for (let at = 0; at < match.length; at++) {
    escaped += `\\u${match.charCodeAt(at).toString(16).padStart(4, "0")}`;
  }
  return escaped;
}
