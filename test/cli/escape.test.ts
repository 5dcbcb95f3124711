import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { escapedJson } from "../../src/cli/escape.js";
import { escapeText } from "../../src/support/unsafe-text.js";

describe("escapeText", () => {
  test("keeps letters of any script, spaces, punctuation and emoji as they are", () => {
    const text = "app/Übung 日本語/naïve-файл (1)/😀 \\ '\"$`.js";
    expect(escapeText(text)).toBe(text);
  });

  test.each([
    ["an ANSI colour", "\x1b[31mred", "\\u001b[31mred"],
    ["a newline", "a\nb", "a\\u000ab"],
    ["a carriage return", "a\rb", "a\\u000db"],
    ["a NUL", "\0", "\\u0000"],
    ["DEL", "\x7f", "\\u007f"],
    ["an 8-bit control sequence introducer", "\x9b2J", "\\u009b2J"],
    ["a right-to-left override", "a\u202egpj.js", "a\\u202egpj.js"],
    ["a bidirectional isolate", "\u2066x\u2069", "\\u2066x\\u2069"],
    ["a zero-width space", "no\u200bde", "no\\u200bde"],
    ["a byte order mark", "\ufeffx", "\\ufeffx"],
    ["a line separator", "a\u2028b", "a\\u2028b"],
    ["a tag character", "a\u{e0041}", "a\\udb40\\udc41"],
    ["half of a surrogate pair", "\ud83d", "\\ud83d"],
    ["the other half", "x\ude00", "x\\ude00"],
  ])("escapes %s", (_what, text, escaped) => {
    expect(escapeText(text)).toBe(escaped);
  });

  test("never lets a control character through", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(escapeText(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
      }),
    );
  });
});

describe("escapedJson", () => {
  test("says the same as JSON.stringify to a parser, whatever the strings hold", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (key, value) => {
        const made = new Map([[key, [value]]]);
        expect(JSON.parse(escapedJson([...made], 2))).toEqual([...made]);
      }),
    );
  });

  test("escapes what JSON leaves raw and a terminal obeys", () => {
    expect(escapedJson({ path: "\x9b2J\u202e\x7f" })).toBe('{"path":"\\u009b2J\\u202e\\u007f"}');
  });

  test("keeps the newlines of the layout", () => {
    expect(escapedJson({ a: "x\ny" }, 2)).toBe('{\n  "a": "x\\ny"\n}');
  });
});
