import { META } from "../../src/archive/entry.js";
import type { ArchiveFormat } from "../../src/archive/formats.js";
import { encodeManifest } from "../../src/manifest/encode.js";
import { file, folder, pack } from "../engine/trees.js";
import { MANIFEST } from "../manifest/sample.js";

/** An archive of a few hundred bytes with an entry of every kind. */
export async function smallArchive(format: ArchiveFormat): Promise<Buffer> {
  const entries = [
    folder(META.folder),
    file(META.manifest, encodeManifest({ ...MANIFEST, packages: [], bins: [] })),
    folder("app"),
    file("app/a.js", "module.exports = 1;\n", true),
    { type: "hardlink", path: "app/h.js", executable: true, target: "app/a.js" } as const,
    { type: "symlink", path: "app/l.js", target: "a.js" } as const,
  ];
  const fixups = {
    type: "file",
    path: META.fixups,
    executable: false,
    size: 0,
    source: { kind: "bytes", bytes: new Uint8Array() },
  } as const;
  const { archive } = await pack([], format, { entries, tail: () => [fixups] });
  return archive;
}

/** A copy with one byte changed. */
export function mutateAt(bytes: Buffer, place: number, by: number): Buffer {
  const copy = Buffer.from(bytes);
  const at = place % copy.length;
  copy[at] = (copy[at] ?? 0) ^ by;
  return copy;
}
