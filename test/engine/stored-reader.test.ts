import { closeSync, openSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { StoredReader } from "../../src/engine/read/stored-reader.js";
import { scratch } from "./trees.js";

function withDescriptor(path: string, work: (descriptor: number) => void): void {
  const descriptor = openSync(path, "r");
  try {
    work(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

test("bytes are read from where they stand, longer ones after shorter ones and the other way round", async () => {
  const path = join(await scratch(), "file");
  await writeFile(path, "0123456789");
  withDescriptor(path, (descriptor) => {
    const reader = new StoredReader();
    const texts = [
      [2, 3],
      [0, 10],
      [9, 1],
      [4, 0],
    ].map(([at = 0, size = 0]) => reader.read({ descriptor, at, size }).toString());
    expect(texts).toEqual(["234", "0123456789", "9", ""]);
  });
});

test("an archive that became shorter is damaged, and what the system cannot read is told with its reason", async () => {
  const folder = await scratch();
  const path = join(folder, "file");
  await writeFile(path, "0123456789");
  withDescriptor(path, (descriptor) => {
    expect(() => new StoredReader().read({ descriptor, at: 5, size: 6 })).toThrow(expect.objectContaining({ code: "ARCHIVE_CORRUPT" }));
  });
  withDescriptor(folder, (descriptor) => {
    expect(() => new StoredReader().read({ descriptor, at: 0, size: 6 })).toThrow(
      expect.objectContaining({ code: "IO", message: "cannot read the archive: read (EISDIR)" }),
    );
  });
});
