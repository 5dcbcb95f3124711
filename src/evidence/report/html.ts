import { escapeText } from "../../support/unsafe-text.js";

/** A piece of HTML in which every text from outside is escaped: only `html` makes one. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Piece = string | number | Markup | null | readonly Piece[];

/** Makes HTML of a template. What is put in is escaped, but for what `html` has made; null is nothing. */
export function html(parts: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  return new Markup(parts.map((part, at) => (at === 0 ? part : `${renderPiece(pieces[at - 1] ?? null)}${part}`)).join(""));
}

function renderPiece(piece: Piece): string {
  if (piece === null) return "";
  if (piece instanceof Markup) return piece.text;
  if (typeof piece === "object") return piece.map(renderPiece).join("");
  return escapeHtml(String(piece));
}

const ENTITIES = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ['"', "&quot;"],
  ["'", "&#39;"],
]);

/** A text as it may stand in HTML, also between quotes. What is not seen, or turns the direction of text, is shown as \uXXXX. */
function escapeHtml(text: string): string {
  return escapeText(text).replace(/[&<>"']/g, (character) => ENTITIES.get(character) ?? "");
}

/** A value as JSON inside a script element: none of its texts can end the element, begin another, or begin a comment. */
export function jsonForScript(value: unknown): Markup {
  const json = JSON.stringify(value, (_key, one: unknown) => (typeof one === "string" ? escapeText(one) : one));
  return new Markup(json.replace(/[<>&\u2028\u2029]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`));
}

/** A name from outside, kept apart from the text around it. */
export function nameOf(name: string): Markup {
  return html`<bdi>${name}</bdi>`;
}
