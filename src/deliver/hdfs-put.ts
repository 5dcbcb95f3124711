import { createHash, randomBytes } from "node:crypto";
import { dirname } from "node:path/posix";
import { EnvpackError } from "../support/errors.js";
import type { ProgressListener } from "../support/progress.js";
import type { HdfsStatus, HdfsStore } from "./hdfs-store.js";

/** A local file, and what it is to be on HDFS. */
export interface Delivery {
  readonly file: string;
  readonly bytes: number;
  /** Of the file, in hex. */
  readonly sha256: string;
  /** Where it goes: an absolute path on HDFS. */
  readonly path: string;
  readonly onProgress?: ProgressListener;
}

export interface Delivered {
  /** Whether it was sent now; false where it lay there already. */
  readonly sent: boolean;
  /**
   * The file or folder that others may not read or pass, so that YARN's PUBLIC cache is out of the
   * question; null where everyone may.
   */
  readonly blockedBy: { readonly path: string; readonly mode: number } | null;
}

const FILE_MODE = 0o644;

/**
 * Puts a file on HDFS, once: written under another name, read back and compared by its digest, then
 * renamed. One that lies there is read and compared too, and not sent again. Whatever happens, no
 * part of a file stays.
 *
 * @throws EnvpackError as of HdfsStore, OUTPUT_EXISTS where another thing has the name, DIGEST_MISMATCH
 */
export async function putOnce(store: HdfsStore, delivery: Delivery): Promise<Delivered> {
  const { path } = delivery;
  const folder = dirname(path);
  const before = await lookUp(store, path);
  refuseFileAbove(before, path);
  const found = before.get(path) ?? null;
  if (found !== null) await assertSame(store, found, delivery);
  else {
    if (before.get(folder) === null) await store.makeFolder(folder);
    await sendAside(store, delivery);
  }
  return { sent: found === null, blockedBy: await ensurePublic(store, path, found === null ? await lookUp(store, path) : before) };
}

/** What is at a path, and at each folder above it. */
async function lookUp(store: HdfsStore, path: string): Promise<Map<string, HdfsStatus | null>> {
  const paths = [path];
  for (let above = dirname(path); ; above = dirname(above)) {
    paths.unshift(above);
    if (above === "/") break;
  }
  const found = await store.look(paths);
  return new Map(paths.map((one, at) => [one, found[at] ?? null]));
}

function refuseFileAbove(found: ReadonlyMap<string, HdfsStatus | null>, path: string): void {
  for (const [above, status] of found) {
    if (above !== path && status?.kind === "file")
      throw new EnvpackError("OUTPUT_EXISTS", "a file is where a folder should be on HDFS", { path: above, hint: "name another folder" });
  }
}

/** Sends the file under a name of its own, then gives it the right one. */
async function sendAside(store: HdfsStore, delivery: Delivery): Promise<void> {
  const { file, path, bytes, onProgress } = delivery;
  const aside = `${dirname(path) === "/" ? "" : dirname(path)}/.envpack-${process.pid}-${randomBytes(6).toString("hex")}.tmp`;
  try {
    onProgress?.({ stage: "publishing", done: 0, total: bytes });
    await store.write(aside, file);
    await assertDigest(store, aside, delivery);
    if (await store.rename(aside, path)) return;
    // Another envpack was quicker.
    const [other] = await store.look([path]);
    if (!other) throw new EnvpackError("IO", "HDFS did not rename the file", { path });
    await store.remove(aside);
    await assertSame(store, other, delivery);
  } catch (error) {
    await store.remove(aside);
    throw error;
  }
}

async function assertSame(store: HdfsStore, found: HdfsStatus, delivery: Delivery): Promise<void> {
  const { path, bytes } = delivery;
  if (found.kind === "folder")
    throw new EnvpackError("OUTPUT_EXISTS", "a folder has the archive's name on HDFS", { path, hint: "remove it, or name another folder" });
  if (found.length !== bytes) throw differs(path, `it has ${found.length} bytes, not ${bytes}`);
  await assertDigest(store, path, delivery);
}

async function assertDigest(store: HdfsStore, path: string, { sha256, bytes, onProgress }: Delivery): Promise<void> {
  const hash = createHash("sha256");
  let done = 0;
  for await (const piece of store.read(path)) {
    hash.update(piece);
    done += piece.length;
    // What is longer than the archive is not it, however long it goes on.
    if (done > bytes) throw differs(path, `it has more than ${bytes} bytes`);
    onProgress?.({ stage: "checking", done, total: bytes });
  }
  if (hash.digest("hex") !== sha256) throw differs(path, "its content is another");
}

function differs(path: string, how: string): EnvpackError {
  return new EnvpackError("DIGEST_MISMATCH", `the file on HDFS is not the archive: ${how}`, {
    path,
    hint: "remove it there, then deliver again",
  });
}

/** Lets everyone read the file, and tells which folder above it keeps them out. */
async function ensurePublic(
  store: HdfsStore,
  path: string,
  found: ReadonlyMap<string, HdfsStatus | null>,
): Promise<Delivered["blockedBy"]> {
  for (const [one, status] of found) {
    if (status === null) continue;
    const isFile = one === path;
    if (status.mode & (isFile ? 0o004 : 0o001)) continue;
    if (isFile && (await mayOpen(store, path))) continue;
    return { path: one, mode: status.mode };
  }
  return null;
}

/** A file that another user delivered stays as it is. */
async function mayOpen(store: HdfsStore, path: string): Promise<boolean> {
  try {
    await store.setMode(path, FILE_MODE);
    return true;
  } catch (error) {
    if (error instanceof EnvpackError && error.code === "NO_PERMISSION") return false;
    throw error;
  }
}
