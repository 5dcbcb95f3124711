import { stat } from "node:fs/promises";
import type { PackOptions, PackResult } from "./pack-result.js";
import { sourceRoot } from "../../environment/source-root.js";
import { replaces, signersOf, type SigningKeys } from "./keys.js";
import { onceEach } from "../../cache/place.js";
import { fileOfBytes, META, type PlannedFile } from "../../archive/entry.js";
import { digestFile } from "../../support/digest.js";
import type { Pool } from "../../engine/threads/pool.js";
import { thenClose } from "../../support/close-all.js";
import { EnvpackError } from "../../support/errors.js";
import { timesOf } from "./mtime.js";
import { writeBeside } from "./beside.js";
import type { Origin } from "./provenance.js";
import { fixupsOf } from "../../portable/conda-fixups.js";
import { encodeFixups } from "../../manifest/fixup-file.js";
import { foreignRoots } from "../../portable/foreign-roots.js";
import { describeResiduals, splitHits } from "../../portable/residual.js";
import { choosePrefix, type MadeImage } from "../image/make-image.js";
import { ImageJob, type FinishedImages } from "../image/image-job.js";
import { describeMade } from "../image/pack-image.js";
import { attachEvidence, attachSignature } from "./attach.js";
import { rootsOf, type Prepared } from "./prepare.js";
import type { OutputPlan } from "./output.js";

/** What an image is packed with. */
export interface ImageTools {
  readonly pool: Pool;
  readonly keys: SigningKeys;
  /** Null where no provenance is asked for. */
  readonly origin: Origin | null;
  /** Milliseconds since 1970. */
  readonly began: number;
}

/** One environment's image, whose layout is not whole yet. */
export interface ImagePart {
  readonly made: MadeImage;
  readonly prepared: Prepared;
  /** The bill of materials, where one was asked for. */
  readonly last: readonly PlannedFile[];
  readonly found: ReturnType<typeof splitHits>;
  readonly keys: SigningKeys;
}

/** Writes a container image, which is no one file of frames, or pushes it. */
export async function writeImage(options: PackOptions, prepared: Prepared, tools: ImageTools): Promise<PackResult> {
  const job = await openImageJob(options, prepared.place);
  return thenClose(
    async () => {
      const part = await addImage(options, prepared, tools, job);
      const [result] = await concludeImages(options, [part], await job.finish(attachSignature(tools.keys)));
      return result as PackResult;
    },
    () => job.close(),
  );
}

export function openImageJob(options: PackOptions, place: OutputPlan): Promise<ImageJob> {
  return ImageJob.open({
    image: options.image ?? {},
    output: place.path,
    force: replaces(options, place),
    reuseFrom: options.reuse,
    signal: options.signal,
    onProgress: options.onProgress,
  });
}

/** Makes the image of one environment in a job. */
export async function addImage(options: PackOptions, prepared: Prepared, tools: ImageTools, job: ImageJob): Promise<ImagePart> {
  const { preview, entries, environment, place, bill } = prepared;
  if (options.arcroot !== undefined)
    throw new EnvpackError("USAGE", "an image has a place of its own for the environment", { hint: "name it with --prefix-in-image" });
  let found = splitHits([]);
  let last: readonly PlannedFile[] = [];
  const times = timesOf(options);
  const adding = job.add(
    {
      pool: tools.pool,
      began: tools.began,
      level: options.level,
      subject: { manifest: preview.manifest, entries, prefix: choosePrefix(options.image ?? {}, preview.manifest.name) },
      root: sourceRoot(environment),
      shape: times,
      roots: [...rootsOf(place, environment), ...foreignRoots(environment)],
      tail: (hits, digest) => {
        found = splitHits(hits);
        last = bill === null ? [] : [bill.render(digest, times.mtime)];
        return [fileOfBytes(META.fixups, encodeFixups(fixupsOf(found.own, environment.conda))), ...last];
      },
      created: times.times === "content" ? null : times.mtime,
    },
    (to) => attachEvidence(options, prepared, { ...tools, last: last[0] ?? null }, to),
  );
  const made = await adding.catch((error: unknown) => Promise.reject((prepared.names?.error(error) ?? error) as Error));
  return { made, prepared, last, found, keys: tools.keys };
}

/** Writes what stands beside the layout, and tells of each image. */
export async function concludeImages(
  options: PackOptions,
  parts: readonly ImagePart[],
  finished: FinishedImages,
): Promise<readonly PackResult[]> {
  const [first] = parts;
  if (first === undefined) return [];
  const { place } = first.prepared;
  const file = place.path?.endsWith(".tar") === true ? place.path : null;
  const beside = await writeBeside(
    options,
    { ...place, path: file },
    {
      // Of several each has a bill of its own, which is attached to it.
      bill: parts.length === 1 ? (first.last[0] ?? null) : null,
      sha256: file !== null && options.checksum === true ? (await digestFile(file)).sha256 : "",
      replaces: replaces(options, place),
    },
  );
  const size = file === null ? null : (await stat(file)).size;
  return parts.map(({ made, prepared, last, found, keys }) => {
    const { preview, entries, environment } = prepared;
    const image = describeMade(made, finished);
    return {
      ...preview,
      entries: made.entries,
      bytes: made.bytes,
      reusedBytes: made.reusedBytes,
      files: [...entries, ...last].reduce((count, { type }) => count + (type === "file" ? 1 : 0), 0),
      sha256: finished.root.digest.replace("sha256:", ""),
      archiveBytes: size ?? image.bytes,
      signedBy: signersOf(keys),
      beside: { ...beside, provenance: null },
      unfit: [],
      fixups: found.own.length,
      residuals: describeResiduals(found.foreign, entries, foreignRoots(environment)),
      notices: onceEach([...preview.notices, ...made.notices]),
      output: place.path,
      image,
    };
  });
}
