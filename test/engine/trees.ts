import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import { META, type PlannedEntry } from "../../src/archive/entry.js";
import type { ArchiveFormat } from "../../src/archive/formats.js";
import { withPool } from "../../src/engine/threads/pool.js";
import { writeArchive, type WriteRequest } from "../../src/engine/write/write.js";
import type { WriteResult } from "../../src/engine/write/write-result.js";
import type { Sink } from "../../src/engine/sinks/output.js";

const folders: string[] = [];

/** A new folder, removed after the test. */
export async function scratch(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "envpack-engine-"));
  folders.push(folder);
  return folder;
}

afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

/** A file that is made of given content. */
export function file(path: string, content: string | Uint8Array, executable = false): PlannedEntry {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return { type: "file", path, executable, size: bytes.length, source: { kind: "bytes", bytes } };
}

export function folder(path: string): PlannedEntry {
  return { type: "directory", path };
}

/** A file on the disk. */
export async function diskFile(path: string, source: string, executable = false): Promise<PlannedEntry> {
  const { dev, ino, size, mtimeMs, ctimeMs } = await stat(source);
  return { type: "file", path, executable, size, source: { kind: "disk", file: source, identity: { dev, ino, size, mtimeMs, ctimeMs } } };
}

export const MANIFEST = '{"the":"manifest"}\n';
export const MTIME = 499162500;

/** Entries with what every archive begins with. */
export function withStart(entries: readonly PlannedEntry[]): PlannedEntry[] {
  return [folder(META.folder), file(META.manifest, MANIFEST), ...entries];
}

/** Keeps an archive in memory. */
export class MemorySink implements Sink {
  readonly returnsBytes = true;
  readonly #chunks: Uint8Array[] = [];

  async write(bytes: Uint8Array): Promise<void> {
    this.#chunks.push(Buffer.from(bytes));
  }

  async commit(): Promise<void> {}

  async abort(): Promise<void> {}

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

/** Packs entries in memory. */
export async function pack(
  entries: readonly PlannedEntry[],
  format: ArchiveFormat,
  options: Partial<WriteRequest> & { readonly threads?: number; readonly signal?: AbortSignal } = {},
): Promise<WriteResult & { readonly archive: Buffer }> {
  const sink = new MemorySink();
  const { threads = 2, signal, ...rest } = options;
  const result = await withPool(threads, signal, (pool) =>
    writeArchive(
      { entries: withStart(entries), arcroot: "", format, pool, mtime: MTIME, times: "content", roots: [], tail: () => [], ...rest },
      sink,
    ),
  );
  return { ...result, archive: sink.bytes };
}

/** What a folder holds, by path: content, link target, kind and permission bits. */
export function readTree(root: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of readdirSync(root, { recursive: true }) as string[]) {
    const path = join(root, name);
    const stat = lstatSync(path);
    const mode = (stat.mode & 0o7777).toString(8);
    if (stat.isSymbolicLink()) found.set(name, `-> ${readlinkSync(path)}`);
    else if (stat.isDirectory()) found.set(name, `folder ${mode}`);
    else found.set(name, `file ${mode} ${stat.nlink} ${createHash("sha256").update(readFileSync(path)).digest("hex")}`);
  }
  return found;
}

/** The totals that hold for any test's archive. */
export const GENEROUS = { entries: 1e6, bytes: 1e10 };
