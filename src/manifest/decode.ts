import { EnvpackError } from "../support/errors.js";
import { MAX_MANIFEST } from "../support/limits.js";
import {
  MANIFEST_VERSION,
  type LayerRecord,
  type Manifest,
  type PackageRecord,
  type Platform,
  type RuntimeRecord,
  type SlimRecord,
  type TraceRecord,
} from "./manifest.js";
import { arcpath, count, folderArcpath, list, nullable, oneOf, optional, pattern, record, ShapeError, text, type Shape } from "./shape.js";

const version = pattern(/^\d{1,9}(?:\.\d{1,9}){0,3}$/, "a version");

const platform = record<Platform>({
  os: pattern(/^[a-z][a-z0-9]{0,31}$/, "the name of a system"),
  arch: pattern(/^[a-z][a-z0-9_]{0,31}$/, "the name of a processor"),
  libc: nullable(oneOf("glibc", "musl")),
  glibc: nullable(version),
});

const runtime = record<RuntimeRecord>({
  name: oneOf("node"),
  version: pattern(/^\d{1,9}\.\d{1,9}\.\d{1,9}(?:-[0-9A-Za-z.-]{1,64})?$/, "a version"),
  abi: pattern(/^\d{1,9}$/, "a module version"),
  napi: pattern(/^\d{1,9}$/, "a Node-API version"),
  hook: oneOf("import", "require"),
});

const sha256 = pattern(/^[0-9a-f]{64}$/, "a SHA-256");

const layer = record<LayerRecord>({
  base: record({ name: text(), version: nullable(text()), digest: sha256 }),
  digest: sha256,
  index: sha256,
  files: count,
  removed: count,
});

const flag: Shape<boolean> = (value, where) => {
  if (typeof value !== "boolean") throw new ShapeError(`${where} is not true or false`);
  return value;
};

const slim = record<SlimRecord>({
  grade: nullable(oneOf("safe")),
  files: count,
  bytes: count,
  trace: optional(record<TraceRecord>({ entries: list(text(4096)), records: count, proved: flag })),
});

const manifest = record<Manifest>({
  formatVersion: count,
  createdBy: text(128),
  name: text(),
  version: nullable(text()),
  kind: oneOf("project", "prefix", "conda"),
  platform,
  runtime: nullable(runtime),
  manager: nullable(record({ name: oneOf("npm", "pnpm", "yarn", "bun", "deno"), version: nullable(text(128)) })),
  resolveFrom: list(folderArcpath),
  packages: list(record<PackageRecord>({ name: text(), version: text(1024, 0), path: folderArcpath })),
  bins: list(text(255)),
  totals: record({ entries: count, bytes: count }),
  relocation: record({ relative: count, broughtIn: count, dropped: count }),
  omitted: list(oneOf("dev")),
  includedSecrets: list(arcpath),
  layer: optional(layer),
  slim: optional(slim),
});

function corrupt(reason: string, cause?: unknown): EnvpackError {
  return new EnvpackError("ARCHIVE_CORRUPT", `the manifest is damaged: ${reason}`, { cause });
}

function parse(bytes: Uint8Array): unknown {
  if (bytes.length > MAX_MANIFEST) throw new EnvpackError("ARCHIVE_LIMIT", "the manifest is larger than 16 MiB");
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    throw corrupt("it is not JSON", error);
  }
}

/** The format version stands first among the checks: all the rest may look different in a newer one. */
function checkVersion(value: unknown): void {
  if (typeof value !== "object" || value === null) throw corrupt("it is not an object");
  const { formatVersion, createdBy } = value as Partial<Record<keyof Manifest, unknown>>;
  if (!Number.isSafeInteger(formatVersion) || (formatVersion as number) < 1) throw corrupt("it has no format version");
  if ((formatVersion as number) <= MANIFEST_VERSION) return;
  const maker = typeof createdBy === "string" && /^envpack \d[\w.+-]{0,60}$/.test(createdBy) ? createdBy : null;
  throw new EnvpackError(
    "ARCHIVE_TOO_NEW",
    `the archive has format ${String(formatVersion)}, this envpack reads up to format ${MANIFEST_VERSION}`,
    { hint: `use ${maker ?? "a newer envpack"}${maker === null ? "" : " or newer"}, or the one in the archive's own bin folder` },
  );
}

/**
 * Reads `.envpack/manifest.json`. The bytes are not trusted: sizes, types, unknown fields and paths
 * that leave the archive are refused.
 *
 * @throws EnvpackError ARCHIVE_TOO_NEW (says which version is needed), ARCHIVE_CORRUPT, ARCHIVE_LIMIT
 */
export function decodeManifest(bytes: Uint8Array): Manifest {
  const value = parse(bytes);
  checkVersion(value);
  try {
    return manifest(value, "manifest");
  } catch (error) {
    if (error instanceof ShapeError) throw corrupt(error.message, error);
    throw error;
  }
}
