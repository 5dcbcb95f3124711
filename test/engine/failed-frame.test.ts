import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { PlannedEntry } from "../../src/archive/entry.js";
import { openPackJob, type PackTask } from "../../src/engine/write/pack-frame.js";
import { toColumns } from "../../src/engine/write/packed-entries.js";
import type { PackedFrame } from "../../src/engine/write/packed-frame.js";
import { diskFile, file, folder, scratch } from "./trees.js";

const SHAPE = { arcroot: "", mtime: 0, times: "content" } as const;

test("a frame has its own lines alone, also behind one that failed", async () => {
  const gone = join(await scratch(), "gone");
  await writeFile(gone, "x");
  const lost = await diskFile("app/gone", gone);
  await rm(gone);
  const handle = await openPackJob({ kind: "pack", codec: "none", level: undefined, shape: SHAPE, roots: [], forReuse: false });
  const pack = (entries: readonly PlannedEntry[]): string => {
    const task: PackTask = { kind: "entries", columns: toColumns(entries) };
    return Buffer.from((handle(task as never).result as PackedFrame).lines).toString();
  };
  const lines = pack([folder("app"), file("app/a", "a")]);
  expect(lines.split("\n").length).toBe(3);
  expect(() => pack([folder("before"), lost])).toThrow("a file changed while it was being packed");
  expect(pack([folder("app"), file("app/a", "a")])).toBe(lines);
});
