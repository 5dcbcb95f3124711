import { lstatSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fileUnder, type PlannedEntry } from "../../src/archive/entry.js";
import { fromColumns, toColumns } from "../../src/engine/write/packed-entries.js";
import { listTree } from "../../src/listing/listing.js";
import { diskFile, file, folder, scratch } from "./trees.js";

/** Plain data, as it arrives in another thread. */
function seen(entries: Iterable<PlannedEntry>): unknown[] {
  return [...entries].map((entry) => {
    if (entry.type !== "file") return entry;
    const { type, path, executable, size, source } = entry;
    const rest = { type, path, executable, size };
    return source.kind === "bytes"
      ? { ...rest, text: Buffer.from(source.bytes).toString() }
      : { ...rest, file: source.file, identity: source.identity };
  });
}

test("entries are the same after their way to another thread as columns", async () => {
  const root = await scratch();
  mkdirSync(join(root, "lib"));
  writeFileSync(join(root, "lib/12"), "a name like a number", { mode: 0o755 });
  const listed = listTree(root).folder("lib");
  const listedFile = listed?.file(0, { root, arcpath: "app" }, "app/lib/12");
  if (listedFile === undefined) throw new Error("the file is not listed");
  const entries: PlannedEntry[] = [
    folder("app"),
    file("app/made", "made"),
    file("app/empty", ""),
    listedFile,
    fileUnder("bin/renamed", listedFile),
    await diskFile("bin/elsewhere", join(root, "lib/12")),
    { type: "symlink", path: "app/link", target: "0" },
    { type: "hardlink", path: "app/same", executable: false, target: "app/made" },
    file("app/more", "more", true),
  ];
  const there = seen(fromColumns(structuredClone(toColumns(entries))));
  expect(there).toEqual(seen(entries));
  const { dev, ino, size, mtimeMs, ctimeMs } = lstatSync(join(root, "lib/12"));
  const place = { file: join(root, "lib/12"), identity: { dev, ino, size, mtimeMs, ctimeMs } };
  expect(there.slice(3, 5)).toMatchObject([place, { ...place, path: "bin/renamed" }]);
});
