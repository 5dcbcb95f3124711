import { writeFileSync } from "node:fs";
import { fileOfBytes, META, type PlannedEntry } from "../../src/archive/entry.js";
import type { ArchiveFormat } from "../../src/archive/formats.js";
import { withPool } from "../../src/engine/threads/pool.js";
import { writeArchive } from "../../src/engine/write/write.js";
import { encodeManifest } from "../../src/manifest/encode.js";
import { readHost } from "../../src/manifest/host.js";
import type { Manifest } from "../../src/manifest/manifest.js";
import { encodeFixups } from "../../src/manifest/fixup-file.js";
import { file, folder, MemorySink } from "../engine/trees.js";
import { MANIFEST } from "../manifest/sample.js";
import { OLD_ROOT } from "../portable/small-environment.js";

/** An environment with one of everything. */
export const ENTRIES: readonly PlannedEntry[] = [
  folder("app"),
  file("app/a.js", "content"),
  file("app/noise", Buffer.alloc(6 << 20, "noise and more of it ")),
  { type: "hardlink", path: "app/twin", executable: false, target: "app/a.js" },
  folder("bin"),
  file("bin/shim", `#!/bin/sh\necho "${OLD_ROOT}/x"\n`, true),
  { type: "symlink", path: "bin/way", target: "../app/a.js" },
];

export interface ArchiveOptions {
  readonly entries?: readonly PlannedEntry[];
  readonly manifest?: Partial<Manifest>;
  readonly format?: ArchiveFormat;
  /** In place of the records of what was found. */
  readonly fixups?: Uint8Array;
}

/** Writes an archive that this machine can run, as `pack` does. */
export async function makeArchive(path: string, options: ArchiveOptions = {}): Promise<string> {
  const entries = options.entries ?? ENTRIES;
  const totals = { entries: entries.length, bytes: entries.reduce((sum, entry) => sum + (entry.type === "file" ? entry.size : 0), 0) };
  const manifest = { ...MANIFEST, platform: await readHost(), totals, ...options.manifest };
  const sink = new MemorySink();
  const start = [folder(META.folder), file(META.manifest, encodeManifest(manifest))];
  await withPool(1, undefined, (pool) =>
    writeArchive(
      {
        entries: [...start, ...entries],
        arcroot: "",
        format: options.format ?? "tar.gz",
        pool,
        mtime: 0,
        roots: [{ path: OLD_ROOT, arcpath: "" }],
        tail: (hits) => [fileOfBytes(META.fixups, options.fixups ?? encodeFixups(hits))],
      },
      sink,
    ),
  );
  writeFileSync(path, sink.bytes);
  return path;
}
