import { lstat, realpath } from "node:fs/promises";
import { join } from "node:path";
import { digestEntries } from "../archive/digest-entries.js";
import { META, type Entry } from "../archive/entry.js";
import { readOwnFile, readOwnIndex } from "../archive/meta-file.js";
import { notRestored } from "../archive/not-restored.js";
import { EnvpackError, explainError } from "../support/errors.js";
import type { Records } from "./layer/records.js";
import { decodeManifest } from "../manifest/decode.js";
import type { LayerRecord, Manifest } from "../manifest/manifest.js";
import { readRecords } from "../inspect/verify/compare.js";
import type { Tree } from "../inspect/verify/compare-entry.js";
import { refuseForeignOwner } from "../support/owner.js";
import { sha256Of } from "../support/digest.js";

/** A restored environment that another one is made from. */
export interface Base extends Records {
  readonly tree: Tree;
  readonly entries: readonly Entry[];
  /** As `digestEntries` gives it. */
  readonly digest: string;
}

/**
 * Reads the records of an environment; its files are looked at when they are needed.
 *
 * @throws EnvpackError NOT_AN_ENVIRONMENT, VERIFY_DIFFERS where a record is not as it was packed
 */
export async function openBase(given: string): Promise<Base> {
  try {
    const folder = await realpath(given);
    refuseForeignOwner(await lstat(folder), "the base", folder, "copy it to a folder of your own (`cp -r`), and name that");
    const manifest = await readRecord(folder, META.manifest);
    const own = await readOwnIndex(folder, decodeManifest(manifest).totals);
    if (own === null) throw notRestored(folder, META.index);
    const { entries } = own.index;
    const fixups = await readRecord(folder, META.fixups);
    for (const [path, bytes] of [
      [META.manifest, manifest],
      [META.fixups, fixups],
    ] as const) {
      if (!isListed(path, bytes, entries)) throw baseChanged(join(folder, path));
    }
    return { manifest, fixups, entries, digest: digestEntries(entries), tree: { folder, ...(await readRecords(folder)) } };
  } catch (error) {
    throw explainError(error, "cannot read the base", given);
  }
}

/** Whether a record is the one that an index lists. */
export function isListed(path: string, bytes: Uint8Array, entries: readonly Entry[]): boolean {
  const sha256 = sha256Of(bytes);
  return entries.some((entry) => entry.path === path && entry.type === "file" && entry.sha256 === sha256);
}

async function readRecord(folder: string, arcpath: string): Promise<Uint8Array> {
  const content = await readOwnFile(folder, arcpath);
  if (content !== null) return content;
  throw notRestored(folder, arcpath);
}

/** @throws EnvpackError LAYER_BASE unless the layer was made for this base */
export function requireBase({ name, version, layer }: Manifest, base: Base): LayerRecord {
  if (layer === undefined) {
    throw new EnvpackError("USAGE", "this archive is no layer: it needs nothing to be put onto", { hint: "leave --onto away" });
  }
  if (layer.base.digest === base.digest) return layer;
  const wanted = `${layer.base.name}${layer.base.version === null ? "" : ` ${layer.base.version}`}`;
  throw new EnvpackError("LAYER_BASE", `the layer for ${name}${version === null ? "" : ` ${version}`} was made for another base`, {
    path: base.tree.folder,
    hint: `it is for ${wanted} with the digest ${layer.base.digest.slice(0, 12)}…, this one has ${base.digest.slice(0, 12)}…: see \`envpack info\``,
  });
}

/** Refuses a layer where a whole environment is asked for; `path` is the archive's, where the caller knows it best. */
export function refuseLayer({ layer }: Manifest, path?: string): void {
  if (layer === undefined) return;
  throw new EnvpackError("LAYER_BASE", "the archive is a layer: it holds only what differs from its base", {
    path,
    hint: `unpack it with \`--onto DIR\`, where DIR holds ${layer.base.name}${layer.base.version === null ? "" : ` ${layer.base.version}`} (digest ${layer.base.digest.slice(0, 12)}…)`,
  });
}

export function baseChanged(path: string): EnvpackError {
  return new EnvpackError("VERIFY_DIFFERS", "a file of the base is not as it was packed", {
    path,
    hint: "mend the base with `envpack verify DIR --repair ARCHIVE`, or unpack the whole new archive",
  });
}
