import type { Spelling } from "../manifest/fixup.js";

/** How many bytes on each side of a hit are looked at to tell where a path begins and ends. */
export const CONTEXT = 24;

/** A path begins at the text's end: what stands before is no part of a name, nor a "/" of a longer path. */
const OPENS = /(?:^|[^A-Za-z0-9_.~+@%*\-/\\)\]}\x80-\xff])$/;
/** ... or it is a URL's scheme and empty host, */
const OPENS_URL = /[A-Za-z][A-Za-z0-9+.-]{0,20}:\/\/$/;
/** ... a compiler's flag that takes its folder without a space, */
const OPENS_FLAG = /(?:^|[\s"',;=])-(?:[ILFRB]|isystem|iquote|idirafter)$/;
/** ... or an escape of a string literal, as in "\n/opt/x". */
const OPENS_ESCAPE = /(?:^|[^\\])(?:\\\\)*\\(?:[bfnrtv0]|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2})$/;

/** The name goes on: letters, a variable, a glob; a backslash that does not begin a string's escape. */
const GOES_ON = /^(?:[A-Za-z0-9_.~+@%\-[{(\x80-\xff]|\$[A-Za-z_{(]|\\[^bfnrtv0"'`\\])/;

/** The text around a hit with the spelling's escapes undone, so that one set of rules serves all. */
function undo(text: string, spelling: Spelling): string {
  if (spelling === "escaped") return text.replaceAll("\\/", "/");
  if (spelling !== "percent") return text;
  return text.replace(/%[0-9A-Fa-f]{2}/g, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
}

/**
 * What stands before a hit: "path" where a path begins at the text's end, "url" where it is the path
 * of a URL (`file:///opt/x`), null where the hit is the middle of another path (`/mnt/opt/x`).
 *
 * @param before the bytes before the hit as Latin-1: CONTEXT of them, fewer only at the file's start
 */
export function pathOpens(before: string, spelling: Spelling): "path" | "url" | null {
  const text = undo(before, spelling);
  if (OPENS.test(text)) return "path";
  if (OPENS_URL.test(text)) return "url";
  return OPENS_FLAG.test(text) || OPENS_ESCAPE.test(text) ? "path" : null;
}

/**
 * Whether the root's last name ends where the hit ends: at a separator in the same spelling, or at
 * something that no name goes on with. Where a reader could not tell either, the answer is no.
 *
 * @param after the bytes behind the hit as Latin-1: CONTEXT of them, fewer only at the file's end
 */
export function pathCloses(after: string, spelling: Spelling): boolean {
  if (after === "") return true;
  if (spelling === "escaped") return after.startsWith("\\/") || (after[0] !== "/" && !GOES_ON.test(after));
  if (spelling !== "percent") return after[0] === "/" || !GOES_ON.test(after);
  if (after[0] === "/") return false;
  return /^%2F/i.test(after) || !GOES_ON.test(undo(after, spelling));
}
