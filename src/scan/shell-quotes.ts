import type { Language } from "./language.js";

/** Bytes. Launchers are far smaller; of a longer script nobody says where its strings begin. */
const LONGEST = 1 << 16;

/** What takes the next character's meaning, outside of strings and in double ones. */
const ESCAPES: ReadonlyMap<Language, string> = new Map([
  ["batch", "^"],
  ["powershell", "`"],
]);

/**
 * The quote of the string in which a script's text ends: "" where it ends outside of one, or in a comment; null where
 * that cannot be told. Here-documents are not known: who asks compares with what the last line alone says.
 */
export function quoteAt(text: string, language: Language): string | null {
  if (text.length > LONGEST) return null;
  const escape = ESCAPES.get(language) ?? "\\";
  let quote = "";
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === escape && (quote !== "'" || language === "fish")) at++;
    else if (quote !== "") quote = character === quote ? "" : quote;
    else if (character === '"' || (character === "'" && language !== "batch")) quote = character;
    else if (character === "#" && language !== "batch" && /^\s?$/.test(text.charAt(at - 1))) {
      const end = text.indexOf("\n", at);
      if (end === -1) return "";
      at = end;
    }
    if (quote === '"' && character === "\n" && language === "batch") quote = "";
  }
  return quote;
}
