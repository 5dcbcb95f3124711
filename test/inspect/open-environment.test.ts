import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import "../setup.js";
import { META } from "../../src/archive/entry.js";
import { openEnvironment } from "../../src/inspect/open-environment.js";
import { encodeManifest } from "../../src/manifest/encode.js";
import { file, folder, pack, scratch } from "../engine/trees.js";
import { MANIFEST } from "../manifest/sample.js";

/** Paths so long that an index of few entries has several pieces. */
const ENTRIES = Array.from({ length: 3000 }, (_, index) => file([...Array<string>(12).fill("d".repeat(150)), `f${index}`].join("/"), ""));
const FOLDERS = Array.from({ length: 12 }, (_, index) =>
  folder(
    Array<string>(index + 1)
      .fill("d".repeat(150))
      .join("/"),
  ),
);

test.each(["tar", "tar.gz", "tar.zst", "zip"] as const)(
  "the index of a %s is given whole, of however many pieces it is",
  async (format) => {
    const entries = [...FOLDERS, ...ENTRIES].sort((one, other) => (one.path < other.path ? -1 : 1));
    const manifest = encodeManifest({ ...MANIFEST, totals: { entries: entries.length, bytes: 0 } });
    const all = [folder(META.folder), file(META.manifest, manifest), ...entries];
    const { archive, indexSha256 } = await pack([], format, { entries: all });
    const path = join(await scratch(), `archive.${format}`);
    await writeFile(path, archive);
    const environment = await openEnvironment(path);
    const index = await environment.readIndex();
    await environment.close();
    expect(index.length).toBeGreaterThan(5 << 20);
    expect(createHash("sha256").update(index).digest("hex")).toBe(indexSha256);
  },
);
