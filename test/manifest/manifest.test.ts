import { describe, expect, it } from "vitest";
import { EnvpackError } from "../../src/support/errors.js";
import { decodeManifest } from "../../src/manifest/decode.js";
import { encodeManifest } from "../../src/manifest/encode.js";
import type { Manifest } from "../../src/manifest/manifest.js";
import { MANIFEST } from "./sample.js";

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof EnvpackError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "accepted";
}

/** The manifest as text with one piece of its compact JSON replaced. */
function spoiled(piece: string, replacement: string): Uint8Array {
  const json = JSON.stringify(MANIFEST);
  expect(json).toContain(piece);
  return Buffer.from(json.replace(piece, replacement));
}

describe("a manifest", () => {
  it("comes back as it was written, and is written the same every time", () => {
    const bytes = encodeManifest(MANIFEST);
    expect(decodeManifest(bytes)).toEqual(MANIFEST);
    const shuffled = Object.fromEntries(Object.entries(MANIFEST).reverse()) as unknown as Manifest;
    expect(Buffer.from(encodeManifest(shuffled)).toString()).toBe(Buffer.from(bytes).toString());
    expect(bytes.at(-1)).toBe(10);
  });

  it("may have no runtime, manager or version", () => {
    const bare = { ...MANIFEST, runtime: null, manager: null, version: null };
    expect(decodeManifest(encodeManifest(bare))).toEqual(bare);
  });

  it("is not written where a reader would refuse it", () => {
    expect(refusal(() => encodeManifest({ ...MANIFEST, name: "a\u001b[31m" }))).toMatch(/ARCHIVE_CORRUPT.*manifest\.name/);
  });

  it("of a newer format is refused with the version that is needed", () => {
    const newer = Buffer.from(JSON.stringify({ formatVersion: 2, createdBy: "envpack 3.1.0", anything: true }));
    expect(refusal(() => decodeManifest(newer))).toBe("ARCHIVE_TOO_NEW: the archive has format 2, this envpack reads up to format 1");
    expect(() => decodeManifest(newer)).toThrow(expect.objectContaining({ hint: expect.stringContaining("envpack 3.1.0") }));
  });

  it.each([
    ["nothing", Buffer.alloc(0)],
    ["no JSON", Buffer.from("<html>404</html>")],
    ["a list", Buffer.from("[]")],
    ["null", Buffer.from("null")],
    ["deep nesting", Buffer.from("[".repeat(1_000_000))],
    ["invalid UTF-8", Buffer.from([0x7b, 0xff, 0x7d])],
    ["two documents", Buffer.from(`${JSON.stringify(MANIFEST)}{}`)],
    ["no format version", spoiled('"formatVersion":1', '"formatVersion":null')],
    ["a fractional format version", spoiled('"formatVersion":1', '"formatVersion":1.5')],
    ["format version 0", spoiled('"formatVersion":1', '"formatVersion":0')],
  ])("that is %s is refused", (_, bytes) => {
    expect(refusal(() => decodeManifest(bytes))).toMatch(/^ARCHIVE_CORRUPT: the manifest is damaged/);
  });

  it.each([
    ['"name":"web"', '"name":""', "manifest.name"],
    ['"name":"web"', '"name":7', "manifest.name"],
    ['"name":"web"', '"name":"a\\nb"', "manifest.name"],
    ['"name":"web"', '"name":"\\ud800"', "manifest.name"],
    ['"name":"web"', `"name":"${"x".repeat(2000)}"`, "manifest.name"],
    ['"name":"web"', '"__proto__":{"x":1},"name":"web"', "unknown field"],
    ['"name":"web"', '"constructor":1,"name":"web"', "unknown field"],
    ['"name":"web",', "", "manifest.name"],
    ['"kind":"project"', '"kind":"virus"', "manifest.kind"],
    ['"glibc":"2.28"', '"glibc":"2.28; rm"', "manifest.platform.glibc"],
    ['"os":"linux"', '"os":"../x"', "manifest.platform.os"],
    ['"abi":"115"', '"abi":115', "manifest.runtime.abi"],
    ['"resolveFrom":["app"]', '"resolveFrom":["../app"]', "manifest.resolveFrom[0]"],
    ['"resolveFrom":["app"]', '"resolveFrom":["/app"]', "manifest.resolveFrom[0]"],
    ['"path":"app/node_modules/@a/b"', '"path":"app//b"', "manifest.packages[0].path"],
    ['"path":"app/node_modules/@a/b"', '"path":"app/./b"', "manifest.packages[0].path"],
    ['"packages":[', '"packages":{"length":1},"x":[', "unknown field"],
    ['"bins":["b"]', '"bins":"b"', "manifest.bins"],
    ['"entries":10', '"entries":-1', "manifest.totals.entries"],
    ['"entries":10', '"entries":1e300', "manifest.totals.entries"],
    ['"entries":10', '"entries":"10"', "manifest.totals.entries"],
    ['"omitted":["dev"]', '"omitted":["dev"],"__proto__":{}', "unknown field"],
    ['"includedSecrets":["app/.env"]', '"includedSecrets":["app/../../.env"]', "manifest.includedSecrets[0]"],
  ])("with %s as %s is refused at its place", (piece, replacement, where) => {
    const message = refusal(() => decodeManifest(spoiled(piece, replacement)));
    expect(message).toMatch(/^ARCHIVE_CORRUPT/);
    expect(message).toContain(where);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  it("larger than any real one is refused before it is parsed", () => {
    expect(refusal(() => decodeManifest(Buffer.alloc((64 << 20) + 1, " ")))).toMatch(/^ARCHIVE_LIMIT/);
  });
});
