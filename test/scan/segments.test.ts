import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Fixup } from "../../src/manifest/fixup.js";
import { compileRoots, isBinary, scanContent } from "../../src/scan/scan.js";
import { cutSegments, rewriteContent, undoContent } from "../../src/scan/segments.js";
import { spellingsOf } from "../../src/scan/spelling.js";

const name = fc.stringMatching(/^[a-zé ][a-z0-9._é"' -]{0,12}[a-zé]$/);
const root = fc.array(name, { minLength: 3, maxLength: 5 }).map((names) => `/${names.join("/")}`);

/** Content that names `old` now and then, in every spelling, between pieces that look like anything. */
function contentOf(old: string): fc.Arbitrary<Buffer> {
  const spelled = fc.constantFrom(...spellingsOf(old).keys()).map((text) => Buffer.from(text));
  const noise = fc.oneof(
    fc.constantFrom("/", "\\/", "%2F", '"', " ", "\0", "\n", "file://", "x", ":", "é").map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 6 }),
  );
  return fc.array(fc.oneof(spelled, noise), { maxLength: 40 }).map((pieces) => Buffer.concat(pieces));
}

const cases = fc
  .tuple(root, root)
  .chain(([old, fresh]) => fc.tuple(fc.constant(old), fc.constant(fresh), contentOf(old), fc.constantFrom("a.json", "a.js")));

function scan(content: Buffer, old: string, path: string): Fixup {
  const places = scanContent(content, compileRoots([{ path: old, arcpath: "app" }]));
  return { path, kind: isBinary(content) ? "binary" : "text", places };
}

describe("whatever a file holds", () => {
  it("its places ascend without overlap and spell the root", () => {
    fc.assert(
      fc.property(cases, ([old, , content, path]) => {
        let end = 0;
        for (const { at, length } of scan(content, old, path).places) {
          expect(at).toBeGreaterThanOrEqual(end);
          end = at + length;
          expect([...spellingsOf(old).keys()]).toContain(content.toString("utf8", at, end));
        }
        expect(end).toBeLessThanOrEqual(content.length);
      }),
    );
  });

  it("a rewrite can be undone to the byte, and keeps a binary's length", () => {
    fc.assert(
      fc.property(cases, ([old, fresh, content, path]) => {
        const fixup = scan(content, old, path);
        const { segments } = cutSegments(content, fixup);
        const { bytes } = rewriteContent(content, segments, fixup, fresh);
        if (fixup.kind === "binary") expect(bytes).toHaveLength(content.length);
        expect(undoContent(bytes, segments, fixup, fresh)).toEqual(content);
      }),
    );
  });

  it("every place is in one segment, or reported", () => {
    fc.assert(
      fc.property(cases, ([old, , content, path]) => {
        const fixup = scan(content, old, path);
        const { segments, unfit } = cutSegments(content, fixup);
        const accounted = [...segments.flatMap((segment) => segment.places), ...unfit].map(({ at }) => at);
        expect(accounted.sort((a, b) => a - b)).toEqual(fixup.places.map(({ at }) => at));
      }),
    );
  });
});

describe("the NULs behind a string that are known to be spare", () => {
  const old = "/opt/made/here";
  const content = Buffer.from(`\x01${old}/lib\0\0\0Xkept\0`, "latin1");
  const fixup: Fixup = { path: "a.so", kind: "binary", places: [{ at: 1, length: old.length, spelling: "plain", root: "" }], spare: 40 };

  it.each([
    [2, true],
    [3, false],
  ])("take %d more bytes: %s, since the last NUL goes on ending it", (more, fits) => {
    const { segments } = cutSegments(content, fixup);
    const fresh = `${old}${"x".repeat(more)}`;
    const { bytes, unfit } = rewriteContent(content, segments, fixup, fresh);
    expect(unfit.length).toBe(fits ? 0 : 1);
    expect(bytes.toString("latin1")).toBe(fits ? `\x01${fresh}/lib\0Xkept\0` : content.toString("latin1"));
    expect(undoContent(bytes, segments, fixup, fresh)).toEqual(content);
  });
});

describe("binary data that is no string", () => {
  it("tells every place that it names, of more than a function takes arguments as well", () => {
    const old = "/opt/made/here";
    const count = 200_000;
    const content = Buffer.from(`\0${`${old}\x01`.repeat(count)}`, "latin1");
    const places = Array.from({ length: count }, (_, index) => ({
      at: 1 + index * (old.length + 1),
      length: old.length,
      spelling: "plain" as const,
      root: "",
    }));
    const { segments, unfit } = cutSegments(content, { path: "a.so", kind: "binary", places });
    expect([segments.length, unfit.length, unfit.at(-1)?.at]).toEqual([0, count, places.at(-1)?.at]);
  });
});
