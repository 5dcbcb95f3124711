import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { digestEntries } from "../archive/digest-entries.js";
import { isOwn, META, type Entry, type FileEntry } from "../archive/entry.js";
import { decodeIndex } from "../archive/index/index-file.js";
import { extractOpened, finishTree } from "../engine/read/extract.js";
import { FolderWriter } from "../engine/read/folder-writer.js";
import type { ArchiveInput } from "../engine/read/input.js";
import { withInput } from "../engine/read/open-input.js";
import { EnvpackError, explainError } from "../support/errors.js";
import { applyPatches, LAYER, type Records } from "./layer/records.js";
import { decodeManifest } from "../manifest/decode.js";
import type { LayerRecord, Manifest } from "../manifest/manifest.js";
import { applyFixups } from "../relocate/apply.js";
import { acceptManifest } from "./accept-manifest.js";
import { isListed, requireBase, type Base } from "./base.js";
import { probeFileSystem, refuseFoldedPairs } from "./probe.js";
import type { RestoreOptions, RestoreResult } from "./restore-options.js";
import { Reuse } from "./reuse.js";
import { removeStale, type Staging } from "./staging.js";
import type { Target } from "./target.js";
import { forEachBounded } from "../support/for-each-bounded.js";
import { sha256Of } from "../support/digest.js";

/** Files at work at a time, and between two turns of the event loop. */
const AT_ONCE = 8;
const BATCH = 64;

/** What is to be made. */
interface Plan {
  readonly manifest: Manifest;
  readonly entries: readonly Entry[];
  readonly records: Records & { readonly index: Uint8Array };
}

/**
 * Makes an environment of a layer and its base in a staging folder: what the layer brings is moved there,
 * all else is taken from the base, and every file is checked against the new index on its way.
 *
 * @throws EnvpackError LAYER_BASE, VERIFY_DIFFERS, ARCHIVE_CORRUPT … and what `extractOpened` finds wrong
 */
export async function applyLayer(
  input: ArchiveInput,
  base: Base,
  staging: Staging,
  target: Target,
  options: RestoreOptions,
): Promise<RestoreResult> {
  const folding = await probeFileSystem(staging.folder, target.path);
  const brought = join(staging.folder, "layer");
  await mkdir(brought);
  const { layer, entries: sent } = await readLayer(input, base, brought, options, () => removeStale(target, staging));
  const plan = await planTree(base, layer, (arcpath) => readFile(join(brought, arcpath)));
  refuseFoldedPairs(plan.entries, folding);
  const reuse = await fillTree(plan, base, { tree: staging.tree, brought, sent }, options);
  await finishTree(staging.tree, plan.entries, options.signal);
  await writeFile(join(staging.tree, META.index), plan.records.index, { flag: "wx", mode: 0o644 });
  const { signal, onProgress } = options;
  const relocated = await applyFixups(staging.tree, { root: target.path, entries: plan.entries, signal, onProgress });
  const bytes = plan.entries.reduce((sum, entry) => sum + (entry.type === "file" ? entry.size : 0), 0);
  const { unfit, files } = relocated;
  return {
    target: target.path,
    manifest: plan.manifest,
    entries: plan.entries.length,
    bytes,
    relocated: files,
    unfit,
    reused: reuse,
    left: [],
  };
}

async function readLayer(
  input: ArchiveInput,
  base: Base,
  folder: string,
  options: RestoreOptions,
  accepted: () => Promise<void>,
): Promise<{ layer: LayerRecord; entries: readonly Entry[] }> {
  const { signature, signal, threads = 1 } = options;
  return withInput(input, { signature, signal }, async (opened) => {
    const { manifest, kind: layer } = await acceptManifest(opened, options, (found) => requireBase(found, base));
    await accepted();
    const { index } = await extractOpened(opened, folder, { threads, limits: manifest.totals, signal });
    return { layer, entries: index.entries };
  });
}

/** The new environment's records, out of the base's; its index is checked as any archive's is. */
async function planTree(base: Base, layer: LayerRecord, readPatch: (arcpath: string) => Promise<Uint8Array>): Promise<Plan> {
  const records = await applyPatches(base, async (arcpath) =>
    readPatch(arcpath).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT")
        throw new EnvpackError("ARCHIVE_CORRUPT", "the layer lacks a patch", { path: arcpath });
      throw explainError(error, "cannot read the layer", arcpath);
    }),
  );
  const manifest = decodeManifest(records.manifest);
  const { entries } = decodeIndex(records.index, manifest.totals);
  const isRight =
    sha256Of(records.index) === layer.index &&
    digestEntries(entries) === layer.digest &&
    isListed(META.manifest, records.manifest, entries) &&
    isListed(META.fixups, records.fixups, entries) &&
    manifest.layer === undefined &&
    !entries.some(({ path }) => path.startsWith(LAYER.folder));
  if (!isRight)
    throw new EnvpackError("ARCHIVE_CORRUPT", "the layer does not make the environment that it names", { hint: "fetch it again" });
  return { manifest, entries, records };
}

interface Places {
  /** Where the new environment is made. */
  readonly tree: string;
  /** Where the layer was extracted to, and what it holds. */
  readonly brought: string;
  readonly sent: readonly Entry[];
}

async function fillTree(
  { entries, records }: Plan,
  base: Base,
  { tree, brought, sent }: Places,
  options: RestoreOptions,
): Promise<RestoreResult["reused"]> {
  const writer = new FolderWriter(tree);
  for (const entry of entries) if (entry.type === "directory") writer.write(entry, new Uint8Array());
  const own = new Map<string, Uint8Array>([
    [META.manifest, records.manifest],
    [META.fixups, records.fixups],
  ]);
  const arrived = new Map(sent.flatMap((entry) => (entry.type === "file" && !isOwn(entry.path) ? [[entry.path, entry] as const] : [])));
  const reuse = new Reuse(base, tree, writer, options.link === true);
  const files = entries.filter((entry): entry is FileEntry => entry.type === "file");
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let reused = 0;
  let looked = 0;
  let done = 0;
  await forEachBounded(files, AT_ONCE, async (entry) => {
    if (options.signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted");
    if (++looked % BATCH === 0) await new Promise(setImmediate);
    const record = own.get(entry.path);
    if (record !== undefined) writer.write(entry, record);
    else if (isSame(arrived.get(entry.path), entry)) await rename(join(brought, entry.path), join(tree, entry.path));
    else if (await reuse.take(entry)) reused++;
    else
      throw new EnvpackError("ARCHIVE_CORRUPT", "neither the layer nor its base has a file of the new environment", { path: entry.path });
    done += entry.size;
    options.onProgress?.({ stage: "restoring", done, total });
  });
  return { files: reused, linked: reuse.linked };
}

function isSame(arrived: FileEntry | undefined, entry: FileEntry): boolean {
  return arrived !== undefined && arrived.sha256 === entry.sha256 && arrived.size === entry.size && arrived.executable === entry.executable;
}
