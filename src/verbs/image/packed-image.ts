import { readBase } from "../../image/base.js";
import type { Entry } from "../../archive/entry.js";
import type { ArchiveFormat } from "../../archive/formats.js";
import { digestPackages } from "../../inspect/fleet/digests.js";
import type { Report } from "../../inspect/fleet/report.js";
import { readVerifyKeys, type SignatureFact, type SignatureOptions } from "../../inspect/signature-files.js";
import { decodeFixups } from "../../manifest/fixup-file.js";
import { describePlatform } from "../../manifest/host.js";
import type { Manifest } from "../../manifest/manifest.js";
import { platformText } from "../../image/oci/platform.js";
import type { EvidenceFact } from "../../evidence/provenance/evidence.js";
import { assertExpected, parseExpected } from "../../evidence/provenance/expect.js";
import type { Required } from "../../evidence/provenance/require.js";
import { compareVersions } from "../../support/compare-versions.js";
import { EnvpackError } from "../../support/errors.js";
import type { Difference } from "../../inspect/verify/compare.js";
import { fails, ok, type Finding } from "../doctor/finding.js";
import {
  describeImageEvidence,
  describeImageSignature,
  readVouching,
  requireImageProvenance,
  requireImageSignature,
  type Vouching,
} from "./evidence.js";
import { openPlace, readAll, readChosen, type ImageEnvironment, type ImagePlace, type OpenOptions } from "./open-image.js";
import type { AttachedDocument } from "./pack-image.js";
import { verifyImage } from "./verify-layers.js";

/** What is told of an image besides its environment. */
export interface ImageFacts {
  /** Of what the name stands for: the image, or the index of several. */
  readonly digest: string;
  readonly prefix: string;
  /** "linux/amd64", and those of the index that it was found in. */
  readonly platform: string;
  readonly platforms: readonly string[];
  /** Its name; the digest of one that was a file. */
  readonly base: string | null;
  readonly user: string;
  /** Entry point and command, as one list. */
  readonly runs: readonly string[];
  /** Bytes of the layers as they are sent. */
  readonly layers: readonly { readonly digest: string; readonly bytes: number; readonly comment: string }[];
  /** What refers to it, or to its index: bills of materials, provenance, signatures. */
  readonly attached: readonly AttachedDocument[];
}

/** What the documents say; nothing else is read. */
function describeImage({ place, image, prefix }: ImageEnvironment, { attached }: Vouching): ImageFacts {
  const { config, manifest, platforms } = image;
  const history = (config.history ?? []).filter(({ empty_layer }) => empty_layer !== true);
  const labels = config.config?.Labels ?? {};
  return {
    digest: place.root.digest,
    prefix,
    platform: platformText(config),
    platforms: (platforms ?? [config]).map(platformText),
    base: labels["org.opencontainers.image.base.name"] ?? labels["org.opencontainers.image.base.digest"] ?? null,
    user: config.config?.User ?? "",
    runs: [...(config.config?.Entrypoint ?? []), ...(config.config?.Cmd ?? [])],
    layers: manifest.layers.map(({ digest, size }, at) => ({ digest, bytes: size, comment: history[at]?.comment ?? "" })),
    attached,
  };
}

/** Whether the image below the environment runs it; a sentence each way. */
async function checkImage({ image, prefix, manifest }: ImageEnvironment): Promise<{ readonly ok: boolean; readonly detail: string }> {
  const facts = await readBase(image, prefix);
  const { libc, glibc } = manifest.platform;
  const needed = describePlatform(manifest.platform, " or newer");
  const has = facts.libc === null ? "no C library" : `${facts.libc}${facts.glibc === null ? "" : ` ${facts.glibc}`}`;
  const fits =
    (libc === null || libc === facts.libc) && (glibc === null || facts.glibc === null || compareVersions(glibc, facts.glibc) <= 0);
  return { ok: fits, detail: `the environment needs ${needed}; the image has ${has}` };
}

/** Opens what a word names, if that is an image, and closes it again. */
async function withPlace<T>(path: string, options: OpenOptions, use: (place: ImagePlace) => Promise<T>): Promise<T | null> {
  const place = await openPlace(path, options);
  if (place === null) return null;
  try {
    return await use(place);
  } finally {
    await place.close();
  }
}

type Keys = Awaited<ReturnType<typeof readVerifyKeys>>;

/** The keys that were named; an image's signature lies in no file. */
async function readKeys({ verifyKeys, signature }: SignatureOptions, path: string): Promise<Keys> {
  if (signature !== undefined)
    throw new EnvpackError("USAGE", "an image's signature is attached to it, and no file", {
      path,
      hint: "leave --signature away: --verify-key alone checks it",
    });
  return readVerifyKeys(verifyKeys ?? []);
}

/** The entries of an image's environment; null where the word names something else, here and below. */
export function listNamed(path: string, options: OpenOptions & SignatureOptions): Promise<readonly Entry[] | null> {
  return withPlace(path, options, async (place) => {
    const keys = await readKeys(options, place.path);
    const environment = await readChosen(place);
    if (keys.length > 0) requireImageSignature(await readVouching(environment, keys), keys, place.path);
    return environment.index.entries;
  });
}

/** As of Info, but for whether this machine can run it. */
export interface DescribedImage extends Report {
  readonly format: ArchiveFormat;
  readonly arcroot: string;
  readonly bytes: number;
  readonly archiveBytes: number;
  readonly signature: SignatureFact | null;
  readonly evidence: readonly EvidenceFact[];
  readonly fixups: number;
  readonly relocatedTo: null;
  readonly image: ImageFacts;
}

export function describeNamed(path: string, options: OpenOptions & SignatureOptions): Promise<DescribedImage | null> {
  return withPlace(path, options, async (place) => {
    const keys = await readKeys(options, place.path);
    const environment = await readChosen(place);
    const vouching = await readVouching(environment, keys);
    if (keys.length > 0) requireImageSignature(vouching, keys, place.path);
    const { manifest, index, fixups } = environment;
    const image = describeImage(environment, vouching);
    return {
      ...{ kind: "image", path: place.path, manifest, format: index.format, arcroot: index.arcroot, image },
      ...{ relocatedTo: null, host: null, differences: null },
      signature: describeImageSignature(vouching, keys),
      evidence: describeImageEvidence(vouching),
      entries: index.entries.length,
      bytes: index.totals.bytes,
      archiveBytes: image.layers.reduce((sum, { bytes }) => sum + bytes, 0),
      fixups: decodeFixups(fixups).length,
      digests: digestPackages(index.entries, manifest.packages),
    };
  });
}

/** As of VerifyResult. */
export interface VerifiedImage {
  readonly kind: "image";
  readonly ok: boolean;
  readonly entries: number;
  readonly bytes: number;
  readonly differences: readonly Difference[];
  readonly repaired: readonly Difference[];
  readonly signature: SignatureFact | null;
  readonly evidence: readonly EvidenceFact[];
}

export interface VerifyImageOptions extends OpenOptions, SignatureOptions {
  readonly provenance?: string;
  readonly require?: readonly Required[];
  readonly expect?: string;
}

/** Every layer of every platform is read, so that what the image's digest vouches for is known to be what its index tells. */
export function verifyNamed(path: string, options: VerifyImageOptions): Promise<VerifiedImage | null> {
  return withPlace(path, options, async (place) => {
    const asked = await readAsked(options, place.path);
    const results: VerifiedImage[] = [];
    for await (const environment of readAll(place)) results.push(await verifyOne(environment, asked));
    const [first] = results;
    if (first === undefined)
      throw new EnvpackError("IMAGE_INVALID", "the index holds no image", { path: place.path, hint: "push it again" });
    return {
      ...first,
      ok: results.every((one) => one.ok),
      entries: results.reduce((sum, { entries }) => sum + entries, 0),
      bytes: results.reduce((sum, { bytes }) => sum + bytes, 0),
      differences: results.flatMap(({ differences }) => differences),
      evidence: results.flatMap(({ evidence }) => evidence),
    };
  });
}

/** What an image is to be vouched for by. */
interface Asked {
  readonly keys: Keys;
  readonly provenanceKeys: Keys;
  readonly needsProvenance: boolean;
  readonly expected: ReturnType<typeof parseExpected> | null;
}

async function readAsked({ provenance, require = [], expect, ...signed }: VerifyImageOptions, path: string): Promise<Asked> {
  const keys = await readKeys(signed, path);
  if (require.length > 0 && keys.length === 0)
    throw new EnvpackError("USAGE", "what is required has to be signed, and no key was named", {
      hint: "name the signer's public key with --verify-key",
    });
  if (require.includes("proof"))
    throw new EnvpackError("EVIDENCE_MISSING", "an image has no proof attached to it", {
      path,
      hint: "prove the archive that it is made of: `envpack prove ARCHIVE`, or require signature and provenance alone",
    });
  return {
    keys,
    provenanceKeys: provenance === undefined ? keys : await readVerifyKeys([provenance]),
    needsProvenance: provenance !== undefined || require.includes("provenance"),
    expected: expect === undefined ? null : parseExpected(expect),
  };
}

async function verifyOne(
  environment: ImageEnvironment,
  { keys, provenanceKeys, needsProvenance, expected }: Asked,
): Promise<VerifiedImage> {
  const { place, image, index, manifest } = environment;
  if (expected !== null) assertExpected(manifest, expected);
  const vouching = await readVouching(environment, provenanceKeys);
  if (keys.length > 0) requireImageSignature(vouching, keys, place.path);
  if (needsProvenance) requireImageProvenance(vouching, place.path);
  const differences = await verifyImage(environment);
  const platform = image.platforms === null && place.root.digest === image.descriptor.digest ? null : platformText(image.config);
  return {
    kind: "image",
    ok: differences.length === 0,
    entries: index.entries.length,
    bytes: index.totals.bytes,
    differences: differences.map((one) =>
      platform === null ? one : { ...one, detail: one.detail === "" ? `for ${platform}` : `for ${platform}: ${one.detail}` },
    ),
    repaired: [],
    signature: describeImageSignature(vouching, keys),
    evidence: describeImageEvidence(vouching),
  };
}

export function checkNamed(
  path: string,
  options: OpenOptions,
): Promise<{ readonly manifest: Manifest; readonly findings: readonly Finding[] } | null> {
  return withPlace(path, options, async (place) => {
    const environment = await readChosen(place);
    const { ok: fits, detail } = await checkImage(environment);
    return {
      manifest: environment.manifest,
      findings: [fits ? ok("base", detail) : fails("base", detail, "make it on a base with that C library, or on --base none")],
    };
  });
}
