import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import "../setup.js";
import type { PlannedEntry } from "../../src/archive/entry.js";
import { noise } from "./noise.js";
import { file, folder, pack } from "./trees.js";

/* Nothing is compressed, so that no version of a compressor changes a byte. These digests are older than the engine in its present form (8f0a5bc gives the
   same): whoever changes one changes the format, and writes so in docs/format.md. */
const ENTRIES: readonly PlannedEntry[] = [
  folder("app"),
  file("app/a.js", "console.log(1)\n"),
  file("app/empty", ""),
  folder("app/empty-folder"),
  { type: "symlink", path: "app/link", target: "a.js" },
  { type: "symlink", path: "app/dangling", target: "nowhere/at/äll" },
  file(`app/${"é".repeat(100)}`, "long name"),
  folder(`app/${"d".repeat(120)}`),
  file(`app/${"d".repeat(120)}/${"e".repeat(120)}`, "longer than ustar's fields"),
  folder("bin"),
  file("bin/large", noise(9_500_001), true),
  file("bin/node", "#!/bin/sh\n", true),
  ...Array.from({ length: 600 }, (_, index) => file(`bin/z${index}`, noise(9000, index + 2))),
];
const TWIN: PlannedEntry = { type: "hardlink", path: "bin/twin", executable: true, target: "bin/node" };

test.each([
  ["tar", "", "ef1ffdf4de7b07f8162a87ce38ff2d0e9602f2abb9dae5d42b702badeff872ef"],
  ["tar", "deep/er", "d0b560e36a2a19cb60cc2120d75eaa6ea24ae844dd2c0a56f29a5df15b2e181e"],
  ["tar.gz", "", "c2059fd113fdb54b7283a6fd7d8db3f737b70833a383e5e5d96a1875b8c8d403"],
  ["zip", "", "bafcd0da1c0b2b4e2378ab8716465fd8c1318369798b4c4344e0befd0f721ff4"],
] as const)("a %s with the root folder %j has the bytes that it had before", async (format, arcroot, digest) => {
  const entries = format === "zip" ? ENTRIES : [...ENTRIES.slice(0, 12), TWIN, ...ENTRIES.slice(12)];
  const { archive } = await pack(entries, format, { arcroot, level: 0 });
  expect(createHash("sha256").update(archive).digest("hex")).toBe(digest);
});
