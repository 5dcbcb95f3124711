import type { PackOptions, PackResult } from "./pack-result.js";
import { readKeys, replaces } from "./keys.js";
import { isAfresh, openReuseFor } from "./reuse.js";
import { concludeOutput, writeFile, writeFolder } from "./write-output.js";
import { addImage, concludeImages, openImageJob, writeImage, type ImagePart } from "./write-image.js";
import type { CacheUses } from "../../cache/uses.js";
import { withCache } from "../../cache/with-cache.js";
import type { PlannedEntry } from "../../archive/entry.js";
import { EarlyDigests } from "../../engine/write/early-digests.js";
import { withPool, type Pool } from "../../engine/threads/pool.js";
import { chooseThreads } from "../../engine/threads.js";
import { EnvpackError } from "../../support/errors.js";
import { parsePlatform } from "../../environment/cross/triple.js";
import { thenClose } from "../../support/close-all.js";
import { checkBeside } from "./beside.js";
import { isFolder, type OutputPlan } from "./output.js";
import { assertCanSign, readOrigin } from "./provenance.js";
import { attachSignature } from "./attach.js";
import { assertOneImage } from "./platform/one-image.js";
import type { TraceProof } from "./trace.js";
import { sourceRoot } from "../../environment/source-root.js";
import { dockerfileText } from "../image/dockerfile.js";
import { choosePrefix } from "../image/make-image.js";
import type { ImageJob } from "../image/image-job.js";
import { preparePack, type PackPreview, type PreviewEntry } from "./prepare.js";

export type { PackOptions, PackResult } from "./pack-result.js";
export type { PackedRuntime, PackPreview, PrepareOptions, PreviewEntry, PreviewFile } from "./prepare.js";

/**
 * Packs an installed environment into one archive. The output appears whole or not at all; an older
 * one of that name stays as it was until then.
 */
export async function pack(options: PackOptions = {}, proof?: TraceProof): Promise<PackResult> {
  const began = Date.now();
  const threads = chooseThreads(options.threads);
  if (options.listen !== undefined && options.proveTrace !== true)
    throw new EnvpackError("USAGE", "--listen tells a proof what to ask", { hint: "add --prove; or prove the archive: `envpack prove`" });
  return withPackTools(options, threads, async (pool, uses) => {
    const digests = (place: OutputPlan): EarlyDigests | undefined => (digestsEarly(options, place) ? new EarlyDigests(pool) : undefined);
    const prepared = await preparePack(options, pool, uses, { proof, digests });
    const { place } = prepared;
    const keys = await readKeys(options, place);
    assertCanSign(options, place);
    await checkBeside(options, place, replaces(options, place));
    const origin = options.provenance === true ? await readOrigin(prepared.environment, prepared.environment.member?.path) : null;
    if (place.format === "oci") return writeImage(options, prepared, { pool, keys, origin, began });
    const reuse = await openReuseFor(options, place, began);
    try {
      const tools = { pool, keys, reuse, origin };
      const finished = await (isFolder(place) ? writeFolder(options, prepared, tools) : writeFile(options, prepared, tools, threads));
      return await concludeOutput(options, prepared, tools, finished);
    } finally {
      await reuse?.close();
    }
  });
}

/** Whether large files that go in are surely made into frames: what an earlier archive may give needs no digest. */
function digestsEarly(options: PackOptions, place: OutputPlan): boolean {
  const { slim, trace } = options;
  return place.format !== "oci" && slim === undefined && trace === undefined && isAfresh(options, place);
}

/**
 * Looks whether there are such platforms, before anything is made for the first of them.
 *
 * @throws EnvpackError USAGE
 */
export function checkPlatforms(platforms: readonly string[]): void {
  for (const platform of platforms) parsePlatform(platform);
}

export interface PackForPlatformsOptions extends Omit<PackOptions, "platform" | "proveTrace" | "listen"> {
  /** Two or more, as "linux-x64", "linux-arm64"; each is installed afresh for, from the lockfile. */
  readonly platforms: readonly string[];
}

/**
 * Makes one container image of the images for several platforms: into one layout, to registries, or both.
 *
 * @returns what was packed for each platform, in their order
 */
export async function packForPlatforms({ platforms, ...common }: PackForPlatformsOptions): Promise<readonly PackResult[]> {
  const began = Date.now();
  const threads = chooseThreads(common.threads);
  assertOneImage(platforms, common);
  let job: ImageJob | null = null;
  return thenClose(
    async () => {
      const parts: ImagePart[] = [];
      for (const platform of platforms) {
        const options = { ...common, platform };
        await withPackTools(options, threads, async (pool, uses) => {
          const prepared = await preparePack(options, pool, uses);
          const { place, environment } = prepared;
          const keys = await readKeys(options, place);
          assertCanSign(options, place);
          await checkBeside(options, place, replaces(options, place));
          const origin = options.provenance === true ? await readOrigin(environment, environment.member?.path) : null;
          job ??= await openImageJob(options, place);
          parts.push(await addImage(options, prepared, { pool, keys, origin, began }, job));
        });
      }
      const [first] = parts;
      if (job === null || first === undefined) return [];
      return concludeImages(common, parts, await job.finish(attachSignature(first.keys)));
    },
    async () => job?.close(),
  );
}

/** With threads, and with what is used of envpack's cache marked as used. */
function withPackTools<T>({ signal }: PackOptions, threads: number, work: (pool: Pool, uses: CacheUses) => Promise<T>): Promise<T> {
  return withCache((uses) => withPool(threads, signal, (pool) => work(pool, uses)));
}

/** Finds out what `pack` would put in and leave out, and writes nothing. */
export async function planPack(options: PackOptions = {}): Promise<PackPreview> {
  return withPackTools(options, chooseThreads(options.threads), async (pool, uses) => {
    const { preview, entries, bill } = await preparePack(options, pool, uses);
    return { ...preview, entries: [...entries, ...(bill === null ? [] : [bill.draft])].map(previewEntry) };
  });
}

/** The Dockerfile that makes the image of this environment from an archive of it; nothing is written. */
export async function planDockerfile(options: PackOptions = {}): Promise<string> {
  return withPackTools(options, chooseThreads(options.threads), async (pool, uses) => {
    const asked = { ...options, image: undefined, output: undefined, format: "tar.gz" } as const;
    const { preview, entries, environment } = await preparePack(asked, pool, uses);
    const image = options.image ?? {};
    const subject = { manifest: preview.manifest, entries, prefix: choosePrefix(image, preview.manifest.name) };
    return dockerfileText(subject, image, sourceRoot(environment));
  });
}

/** Of a file all that is known yet, and not where it lies: whoever asks gets plain data. */
function previewEntry(entry: PlannedEntry): PreviewEntry {
  if (entry.type !== "file") return entry;
  const { type, path, executable, size } = entry;
  return { type, path, executable, size };
}
