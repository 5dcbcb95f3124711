import { createHash } from "node:crypto";
import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { META, type Entry } from "../../src/archive/entry.js";
import { encodeFixups } from "../../src/manifest/fixup-file.js";
import { compileRoots, isBinary, scanContent, type FileHits, type ScanRoot } from "../../src/scan/scan.js";
import { scratchFolder } from "../scratch.js";

/** A folder of its own, removed after the tests; its path has no links in it. */
export function temporaryFolder(): string {
  return scratchFolder();
}

/** Where the environments of these tests were made: the place that their files name. */
export const OLD_ROOT = "/opt/made/here";
const ROOTS: ScanRoot[] = [
  { path: OLD_ROOT, arcpath: "" },
  { path: `${OLD_ROOT}/project`, arcpath: "app" },
];

export type Content = string | Buffer | { readonly link: string } | { readonly hardlink: string };

/**
 * Lays out an environment as an archive would have restored it, fix-up records included, with `files`
 * by arcpath in an order in which links come after what they lead to.
 */
export function layOut(folder: string, files: Readonly<Record<string, Content>>): Entry[] {
  const entries: Entry[] = [];
  const hits: FileHits[] = [];
  const made = new Set<string>();
  const makeFolder = (path: string): void => {
    if (path === "." || made.has(path)) return;
    makeFolder(dirname(path));
    made.add(path);
    mkdirSync(join(folder, path), { recursive: true });
    entries.push({ type: "directory", path });
  };
  const needles = compileRoots(ROOTS);
  const add = (path: string, content: Content): void => {
    makeFolder(dirname(path));
    if (typeof content === "string" || Buffer.isBuffer(content)) {
      const bytes = Buffer.from(content);
      const executable = path.startsWith("bin/");
      writeFileSync(join(folder, path), bytes);
      if (executable) chmodSync(join(folder, path), 0o755);
      entries.push({ type: "file", path, executable, size: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") });
      hits.push({ path, kind: isBinary(bytes) ? "binary" : "text", places: scanContent(bytes, needles) });
    } else if ("link" in content) {
      symlinkSync(content.link, join(folder, path));
      entries.push({ type: "symlink", path, target: content.link });
    } else {
      linkSync(join(folder, content.hardlink), join(folder, path));
      entries.push({ type: "hardlink", path, executable: content.hardlink.startsWith("bin/"), target: content.hardlink });
    }
  };
  for (const [path, content] of Object.entries(files)) add(path, content);
  makeFolder(META.folder);
  const fixups = encodeFixups(hits.filter((hit) => hit.places.length > 0));
  add(META.fixups, Buffer.from(fixups));
  return entries;
}
