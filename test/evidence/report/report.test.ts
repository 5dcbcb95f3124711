import { describe, expect, test } from "vitest";
import { compareFacts } from "../../../src/evidence/report/changes.js";
import { findDuplicates } from "../../../src/evidence/report/duplicates.js";
import { ENVIRONMENT, type Owner } from "../../../src/evidence/report/facts.js";
import { html, jsonForScript } from "../../../src/evidence/report/html.js";
import { kindOf } from "../../../src/evidence/report/kinds.js";
import { gatherOwners } from "../../../src/evidence/report/owners.js";
import { readPacking } from "../../../src/evidence/report/packing.js";
import { renderPage } from "../../../src/evidence/report/page.js";
import { squarify } from "../../../src/evidence/report/page/squarify.js";
import { factsOf, file, inventoryOf, largeFacts, manifest, packed } from "./made-up.js";

const components = [packed("a", "1.0.0", ["b"]), packed("b", "2.0.0", ["a"]), packed("a/node_modules/b", "1.0.0"), packed("lost", "1.0.0")];
const entries = [
  file(".envpack/manifest.json", 10),
  file("app/index.js", 5),
  file("app/node_modules/a/index.js", 100),
  file("app/node_modules/a/node_modules/b/index.js", 300, "1".repeat(64)),
  file("app/node_modules/b/index.d.ts", 200),
  file("app/node_modules/lost/x", 1),
  file("bin/activate", 7),
  file("bin/node", 1000),
  file("lib/node_modules/npm/node_modules/z/index.js", 40),
];

const named = (owners: readonly Owner[], name: string, version?: string): Owner =>
  owners.find((one) => one.name === name && (version === undefined || one.version === version)) as Owner;

describe("sizes by package", () => {
  const { list, placeOf } = gatherOwners(entries, manifest, inventoryOf(["a"], components));

  test("count each file once, for the deepest package that holds it", () => {
    expect(list.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(1663);
    expect(named(list, "a").bytes).toBe(100);
    expect(named(list, "b", "1.0.0").bytes).toBe(300);
    expect(named(list, "Node.js and what lies beside it").bytes).toBe(1040);
    expect(named(list, "envpack: its tool and records").files).toBe(2);
    expect(named(list, "shop: its own files").bytes).toBe(5);
    expect(list[placeOf("app/node_modules/a/node_modules/b/index.js")]?.version).toBe("1.0.0");
  });

  test("tell a shortest way to the environment, also where packages ask for each other", () => {
    const a = list.indexOf(named(list, "a"));
    expect(named(list, "a").parent).toBe(ENVIRONMENT);
    expect(named(list, "b", "2.0.0").parent).toBe(a);
    expect(named(list, "lost").parent).toBeNull();
    expect(named(list, "a").role).toBe("direct");
  });

  test("name packages that are there more than once", () => {
    expect(findDuplicates(list)).toMatchObject([{ name: "b", versions: ["1.0.0", "2.0.0"], extraBytes: 200 }]);
  });
});

test("a file's kind follows from its name", () => {
  const kinds = [
    "x/a.d.ts",
    "x/a.js.map",
    "x/LICENSE.md",
    "x/a.mjs",
    "x/a.node",
    "x/libz.so.1.2",
    "bin/node",
    "x/README",
    "x/a.tsx",
    "x/a",
  ].map(kindOf);
  expect(kinds).toEqual([
    "type declarations",
    "source maps",
    "licences",
    "JavaScript",
    "native code",
    "native code",
    "native code",
    "documents",
    "other sources",
    "other files",
  ]);
});

describe("what changed", () => {
  const before = factsOf(entries, inventoryOf(["a"], components));

  test("is nothing where a package only lies elsewhere by the same content", () => {
    expect(compareFacts(before, before)).toMatchObject({ packages: [], licenses: [] });
  });

  test("is told by name: added, removed, another version, another content of the same size", () => {
    const after = factsOf(
      [
        file("app/node_modules/a/index.js", 100, "2".repeat(64)),
        file("app/node_modules/b/index.d.ts", 250),
        file("app/node_modules/new/index.js", 9),
        file("bin/node", 1000),
      ],
      inventoryOf(["a"], [packed("a", "1.0.0"), packed("b", "3.0.0"), packed("new", "1.0.0")]),
    );
    const kinds = new Map(compareFacts(before, after).packages.map(({ name, kind }) => [name, kind]));
    expect(kinds.get("a")).toBe("content");
    expect(kinds.get("b")).toBe("version");
    expect(kinds.get("new")).toBe("added");
    expect(kinds.get("lost")).toBe("removed");
  });
});

test("a map's fields fill it, are as large as their weights and overlap nowhere", () => {
  const weights = [60, 25, 10, 3, 1, 1];
  const fields = squarify(weights, { x: 5, y: 7, width: 200, height: 100 });
  for (const [at, { x, y, width, height }] of fields.entries()) {
    expect(width * height).toBeCloseTo(((weights[at] as number) / 100) * 20_000, 5);
    expect(x).toBeGreaterThanOrEqual(5);
    expect(x + width).toBeLessThanOrEqual(205.0001);
    expect(y + height).toBeLessThanOrEqual(107.0001);
    for (const other of fields.slice(0, at)) {
      const across = Math.min(x + width, other.x + other.width) - Math.max(x, other.x);
      const down = Math.min(y + height, other.y + other.height) - Math.max(y, other.y);
      expect(Math.min(across, down)).toBeLessThan(0.0001);
    }
  }
});

describe("names from outside", () => {
  const hostile = "</script><!--<script>\"'&\u202E\u0000\u2028";

  test("are escaped in HTML, between quotes as well", () => {
    const made = html`<a title="${hostile}">${hostile}</a>`.text;
    expect(made).not.toContain("<script");
    expect(made.match(/"/g)).toHaveLength(2);
    expect(made).toContain("\\u202e\\u0000\\u2028");
  });

  test("cannot end the element of script that holds the data, and stay what they are", () => {
    const made = jsonForScript({ [hostile]: hostile }).text;
    expect(made).not.toMatch(/[<>&\u2028]/);
    expect(Object.keys(JSON.parse(made) as object)).toEqual([hostile]);
  });
});

describe("what pack printed", () => {
  const digest = "a".repeat(64);
  const printed = {
    sha256: digest,
    leftOut: [{ reason: "secret", path: "app/.env", kind: "x", files: 1, bytes: 4 }],
    residuals: [],
    notices: [],
  };

  test("is taken where it is about this archive, of several the one that is", () => {
    const lines = `${JSON.stringify({ ...printed, sha256: "b".repeat(64) })}\n${JSON.stringify(printed)}\n`;
    expect(readPacking(lines, digest, "pack.json").leftOut).toEqual([{ reason: "secret", path: "app/.env", files: 1, bytes: 4 }]);
  });

  test.each([
    ["no JSON", "{", "it is no JSON"],
    ["another file", "[]", "it names no digest"],
    ["a cut list", JSON.stringify({ ...printed, leftOut: [{ reason: "secret" }] }), "leftOut[0].path is not a text"],
  ])("is refused where it is %s", (_what, text, message) => {
    expect(() => readPacking(text, digest, "pack.json")).toThrow(message);
  });
});

test("the page of 75,000 files is made in seconds, and names files of each package only where they are few or large", () => {
  const began = performance.now();
  const facts = largeFacts(1500, 50);
  const page = renderPage({ facts, compared: null, packing: null }, { style: "", script: "" });
  expect(performance.now() - began).toBeLessThan(15_000);
  expect(page.length).toBeLessThan(5e6);
  expect(facts.files).toBe(75_001);
});
