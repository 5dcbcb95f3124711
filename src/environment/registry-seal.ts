import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { ExtractedFile } from "../archive/package-tarball.js";
import { SEAL, SEAL_LIMIT } from "../cache/entries.js";
import { isOwn } from "../cache/own-folder.js";
import { readShortText } from "../support/read-text.js";
import { joinPath } from "./installed.js";

/** Which tarball a package came in. */
export interface PackageIdentity {
  /** The registry's address. */
  readonly registry: string;
  readonly name: string;
  /** Exact. */
  readonly version: string;
  /** "sha512-BASE64", as the registry announces it. */
  readonly integrity: string;
}

/** What stands beside a package in the cache: where it came from, and every file as it was in the tarball. */
interface Seal extends PackageIdentity {
  /** Bytes of all files. */
  readonly bytes: number;
  readonly files: readonly ExtractedFile[];
}

export function encodeSeal(identity: PackageIdentity, files: readonly ExtractedFile[]): string {
  const seal: Seal = { ...identity, bytes: files.reduce((sum, { size }) => sum + size, 0), files };
  return `${JSON.stringify(seal)}\n`;
}

/**
 * Whether a package in the cache is what was in the tarball: the same files, no more and no fewer, each with its bytes
 * and its right to be executed, all of them this user's and writable by nobody else. False where it is not there.
 */
export async function isSealed(target: string, identity: PackageIdentity): Promise<boolean> {
  try {
    if (!isOwn(await lstat(target)) || !isOwn(await lstat(join(target, SEAL)))) return false;
    const seal = JSON.parse(readShortText(join(target, SEAL), SEAL_LIMIT)) as Seal;
    const isSame = (["registry", "name", "version", "integrity"] as const).every((key) => seal[key] === identity[key]);
    return isSame && (await holdsExactly(join(target, "package"), seal.files));
  } catch {
    // Absent, or no seal: it is fetched anew.
    return false;
  }
}

async function holdsExactly(root: string, files: readonly ExtractedFile[]): Promise<boolean> {
  const expected = new Map(files.map((file) => [file.path, file]));
  const pending = [""];
  let found = 0;
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    if (!isOwn(await lstat(join(root, folder)))) return false;
    for (const name of await readdir(join(root, folder))) {
      const path = joinPath(folder, name);
      const stats = await lstat(join(root, path));
      if (stats.isDirectory()) {
        pending.push(path);
        continue;
      }
      const file = expected.get(path);
      const isAlike = stats.isFile() && isOwn(stats) && stats.size === file?.size && ((stats.mode & 0o100) !== 0) === file.executable;
      if (!isAlike || (await digest(join(root, path))) !== file.sha256) return false;
      found += 1;
    }
  }
  return found === expected.size;
}

async function digest(file: string): Promise<string> {
  const hasher = createHash("sha256");
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hasher);
  return hasher.digest("hex");
}
