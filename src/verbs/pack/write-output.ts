import type { PackOptions, PackResult } from "./pack-result.js";
import { sourceRoot } from "../../environment/source-root.js";
import { replaces, signersOf, type SigningKeys } from "./keys.js";
import { onceEach } from "../../cache/place.js";
import { fileOfBytes, META, type PlannedFile } from "../../archive/entry.js";
import { digestFile } from "../../support/digest.js";
import { archiveFormatOf, formatOf } from "../../archive/formats.js";
import type { FolderPlace } from "../../engine/sinks/folder-sink.js";
import { NOWHERE, type Sink } from "../../engine/sinks/output.js";
import type { Pool } from "../../engine/threads/pool.js";
import type { Reuse } from "../../engine/reuse/reuse.js";
import { writeArchive } from "../../engine/write/write.js";
import type { WriteResult } from "../../engine/write/write-result.js";
import { endPhase } from "../../support/phases.js";
import { orderForLoading } from "./loading-order.js";
import { timesOf } from "./mtime.js";
import { writeBeside } from "./beside.js";
import { packFolder } from "./folder.js";
import { finalPath, openSink } from "./output.js";
import { writeProvenance, type Origin } from "./provenance.js";
import type { Notice } from "../../support/progress.js";
import { fixupsOf } from "../../portable/conda-fixups.js";
import { encodeFixups } from "../../manifest/fixup-file.js";
import { foreignRoots } from "../../portable/foreign-roots.js";
import { signatureName, writeSignature } from "../../inspect/signature-files.js";
import { describeResiduals, splitHits } from "../../portable/residual.js";
import type { FileHits } from "../../scan/scan.js";
import { rootsOf, type Prepared } from "./prepare.js";

/** What a packing works with. */
export interface Tools {
  readonly pool: Pool;
  readonly keys: SigningKeys;
  readonly reuse: Reuse | undefined;
  /** Null where no provenance is asked for. */
  readonly origin: Origin | null;
}

/** What was read and written. */
interface Written extends WriteResult {
  /** The files that came last, but the fix-up records. */
  readonly last: readonly PlannedFile[];
  readonly found: ReturnType<typeof splitHits>;
}

/** What lies at its place now. */
interface Finished extends Pick<PackResult, "output" | "unfit" | "notices"> {
  readonly written: Written;
}

async function writeEntries(
  options: PackOptions,
  { entries, environment, place, bill, digests }: Prepared,
  { pool, keys, reuse }: Tools,
  to: { readonly sink: Sink; readonly into?: FolderPlace },
): Promise<Written> {
  let found = splitHits([]);
  let last: readonly PlannedFile[] = [];
  const isImage = formatOf(place.format).container === "image";
  const written = await writeArchive(
    {
      entries: isImage ? orderForLoading(entries) : entries,
      forLoading: isImage,
      arcroot: place.arcroot,
      format: archiveFormatOf(place.format),
      // An image compresses by itself.
      level: isImage ? undefined : options.level,
      pool,
      ...timesOf(options),
      roots: [...rootsOf(place, environment), ...foreignRoots(environment)],
      tail: (hits, digest) => {
        found = splitHits(hits);
        last = bill === null ? [] : [bill.render(digest, timesOf(options).mtime)];
        return [fileOfBytes(META.fixups, encodeFixups(fixupsOf(found.own, environment.conda))), ...last];
      },
      reuse,
      digests,
      signer: keys.sign,
      into: to.into,
      onProgress: options.onProgress,
    },
    to.sink,
  );
  return { ...written, found, last };
}

/** Writes a file, or a stream. */
export async function writeFile(options: PackOptions, prepared: Prepared, tools: Tools, threads: number): Promise<Finished> {
  const { place } = prepared;
  const sink = await openSink(options, place, {
    level: options.level,
    threads,
    times: timesOf(options),
    manifest: prepared.preview.manifest,
  });
  try {
    const written = await writeEntries(options, prepared, tools, { sink });
    const output = finalPath(place, written.sha256);
    await sink.commit(output ?? undefined);
    endPhase("committed");
    // An image is another file than the tar that it is made of, and a script stands in front of its archive.
    const whole = ["image", "script"].includes(formatOf(place.format).container) && output !== null ? await digestFile(output) : null;
    return {
      written: whole === null ? written : { ...written, sha256: whole.sha256, archiveBytes: whole.bytes },
      output,
      unfit: [],
      notices: [],
    };
  } catch (error) {
    await sink.abort();
    throw prepared.names?.error(error) ?? error;
  }
}

/** Writes a folder: the environment where it is to run. */
export async function writeFolder(options: PackOptions, prepared: Prepared, tools: Tools): Promise<Finished> {
  const { entries, preview, place, environment } = prepared;
  const { force, discardAdded, signal, onProgress } = options;
  const request = {
    path: place.path as string,
    source: sourceRoot(environment),
    destPrefix: place.destPrefix,
    entries,
    manifest: preview.manifest,
    force,
    discardAdded,
    signal,
    onProgress,
  };
  const write = (into: FolderPlace): Promise<Written> =>
    writeEntries(options, prepared, tools, { sink: NOWHERE, into }).catch(async (error: unknown) => {
      // A thread that goes on writing would keep the staging folder from being removed.
      await tools.pool.close();
      throw error;
    });
  const { written, path, unfit, notices } = await packFolder(request, write);
  return { written, output: path, unfit, notices };
}

/** Writes what stands beside the output, and tells of all that was done. */
export async function concludeOutput(
  options: PackOptions,
  { preview, entries, environment, place }: Prepared,
  { keys, reuse, origin }: Tools,
  { written, output, unfit, notices: late }: Finished,
): Promise<PackResult> {
  const { signedPart, found, last, ...figures } = written;
  reuse?.finish(figures.indexSha256);
  if (keys.detached !== undefined && output !== null)
    await writeSignature(signatureName(output), signedPart, keys.detached, replaces(options, place));
  const files = [...entries, ...last].reduce((count, { type }) => count + (type === "file" ? 1 : 0), 0);
  const residuals = describeResiduals(found.foreign, entries, foreignRoots(environment));
  const notices = onceEach([...preview.notices, ...(reuse?.notices ?? []), ...noticeStaying(options, found.own), ...late]);
  const beside = await writeBeside(
    options,
    { ...place, path: output },
    { bill: last[0] ?? null, sha256: figures.sha256, replaces: replaces(options, place) },
  );
  const signer = keys.sign ?? keys.detached;
  const { sha256, indexSha256 } = figures;
  const provenance =
    origin === null || output === null || signer === undefined
      ? null
      : await writeProvenance(output, {
          options,
          environment,
          origin,
          format: preview.format,
          digests: { sha256, indexSha256 },
          signer,
          replaces: replaces(options, place),
        });
  return {
    ...preview,
    ...figures,
    signedBy: signersOf(keys),
    beside: { ...beside, provenance },
    notices,
    output,
    files,
    fixups: found.own.length,
    unfit,
    residuals,
    reusedBytes: reuse?.bytes ?? 0,
    image: null,
  };
}

/** Where the engine extracts, nothing is rewritten: what names the old place goes on naming it. */
function noticeStaying({ engine }: PackOptions, hits: readonly FileHits[]): Notice[] {
  const [first] = hits;
  if (engine === undefined || first === undefined) return [];
  const files = hits.length === 1 ? "a file names" : `${hits.length} files name`;
  return [
    {
      code: "FIXUPS_STAY",
      message: `${files} the old place, which nothing rewrites on YARN; --exclude what is not needed, or --dest-prefix`,
      path: first.path,
    },
  ];
}
