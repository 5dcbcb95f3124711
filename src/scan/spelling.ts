import { pathToFileURL } from "node:url";
import type { Spelling } from "../manifest/fixup.js";

/** "/opt/a b" as JSON encoders write it, without the quotes. */
function escapeJson(path: string, slashes: boolean, ascii: boolean): string {
  let text = JSON.stringify(path).slice(1, -1);
  if (slashes) text = text.replaceAll("/", "\\/");
  if (!ascii) return text;
  return text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function lowerHex(text: string): string {
  return text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
}

/** As encodeURIComponent writes it; the leading "/" may have been left alone. */
function encodePercent(path: string, leadingSlash: boolean, lower: boolean): string {
  const encoded = path.split("/").map(encodeURIComponent).join("%2F");
  const text = leadingSlash ? `/${encoded.slice(3)}` : encoded;
  return lower ? lowerHex(text) : text;
}

/**
 * The path part of a file: URL. More is escaped than a URL needs, quotes and "$" too, so that it may
 * stand in any string literal. It must stay as it is: what was written by it is undone by it.
 */
function encodeUrl(path: string): string {
  return path
    .split("/")
    .map((name) => encodeURIComponent(name).replace(/['()]/g, escapeByte).replaceAll("%40", "@"))
    .join("/");
}

function escapeByte(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/**
 * Every way in which an absolute path is looked for, without doubles. "url" is given only where it
 * differs from the plain path: a plain path behind `file://` is known by what stands before it.
 */
export function spellingsOf(path: string): ReadonlyMap<string, Spelling> {
  const found = new Map<string, Spelling>([[path, "plain"]]);
  const add = (text: string, spelling: Spelling): void => {
    if (!found.has(text)) found.set(text, spelling);
  };
  for (const slashes of [true, false]) {
    for (const ascii of [false, true]) add(escapeJson(path, slashes, ascii), "escaped");
  }
  const uri = encodeURI(path).replaceAll("?", "%3F").replaceAll("#", "%23");
  for (const url of [pathToFileURL(path).pathname, encodeUrl(path), uri]) {
    add(url, "url");
    add(lowerHex(url), "url");
  }
  for (const leadingSlash of [true, false]) {
    for (const lower of [true, false]) add(encodePercent(path, leadingSlash, lower), "percent");
  }
  return found;
}

/**
 * Writes `path` in the manner of `original`, which is another path as it was found in that spelling:
 * whether it escapes slashes and letters, the case of its hex digits, its leading slash.
 */
export function spellLike(path: string, spelling: Spelling, original: string): string {
  switch (spelling) {
    case "plain":
      return path;
    case "escaped":
      return escapeJson(path, original.includes("\\/"), /\\u[0-9a-f]{4}/.test(original));
    case "url":
      return /%[0-9a-f]*[a-f]/.test(original) ? lowerHex(encodeUrl(path)) : encodeUrl(path);
    case "percent":
      return encodePercent(path, original.startsWith("/"), original.includes("%2f"));
  }
}
