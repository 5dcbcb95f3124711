import { EnvpackError } from "../../support/errors.js";
import { decodeManifest } from "../../manifest/decode.js";
import type { Manifest, Platform } from "../../manifest/manifest.js";
import { count, list, nullable, oneOf, pattern, record, ShapeError, text, type Shape } from "../../manifest/shape.js";
import type { Digests } from "./digests.js";
import type { Drift } from "./drift.js";

/** What `envpack info --json` tells, as far as environments are compared by it. */
export interface Report {
  readonly kind: "archive" | "folder" | "image";
  /** Absolute, on the machine that reported; of an image its name. */
  readonly path: string;
  readonly manifest: Manifest;
  readonly entries: number;
  readonly digests: Digests;
  /** The machine on which the environment lies; null of an archive, which lies anywhere. */
  readonly host: ReportHost | null;
  /** Of a folder: what is not as it was packed. null where its files were not read. */
  readonly differences: readonly Drift[] | null;
}

/** The machine that reported; `glibc` is the version that is installed there. */
export interface ReportHost extends Platform {
  readonly name: string;
  /** The version of the node that reported, as "20.20.2": the environment's own, where it has one. */
  readonly node: string;
}

const sha256 = pattern(/^[0-9a-f]{64}$/, "a SHA-256");

const word = text(256);

const host = record<ReportHost>({
  name: word,
  node: word,
  os: word,
  arch: word,
  libc: nullable(oneOf("glibc", "musl")),
  glibc: nullable(word),
});

const drift = record<Drift>({
  // A path that was added may hold anything, and a line about a link names its target.
  path: anyText,
  kind: oneOf("changed", "missing", "added"),
  detail: anyText,
  sha256: nullable(sha256),
});

function anyText(value: unknown, where: string): string {
  if (typeof value === "string") return value;
  throw new ShapeError(`${where} is not a text`);
}

const parts: { readonly [Key in keyof Omit<Report, "manifest">]: Shape<Report[Key]> } = {
  kind: oneOf("archive", "folder", "image"),
  path: anyText,
  entries: count,
  digests: record<Digests>({ content: sha256, packages: list(sha256), others: sha256 }),
  host: nullable(host),
  differences: nullable(list(drift)),
};

/**
 * Reads a report of another machine, which may be of another envpack's making: fields that are not
 * known are left aside, those that are needed must be right.
 *
 * @param source what it was read from, for the message
 * @throws EnvpackError REPORT_INVALID
 */
export function decodeReport(value: unknown, source: string): Report {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid("it is no object", source);
  const given = new Map<string, unknown>(Object.entries(value));
  const failed = given.get("error");
  if (failed !== undefined) throw invalid(`it tells of an error: ${messageOf(failed)}`, source);
  try {
    const manifest = decodeManifest(Buffer.from(JSON.stringify(given.get("manifest") ?? null)));
    const part = <Key extends keyof typeof parts>(key: Key): Report[Key] => parts[key](given.get(key), key);
    const report = {
      manifest,
      kind: part("kind"),
      path: part("path"),
      entries: part("entries"),
      digests: part("digests"),
      host: part("host"),
      differences: part("differences"),
    };
    if (report.digests.packages.length !== manifest.packages.length) throw new ShapeError("the digests are not those of the packages");
    return report;
  } catch (error) {
    if (error instanceof ShapeError || error instanceof EnvpackError) throw invalid(error.message, source, error);
    throw error;
  }
}

/** What `info --json` printed where it could not look at the environment. */
function messageOf(error: unknown): string {
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  return [code, message].filter((part) => typeof part === "string").join(" ");
}

/** The refusal of a report. */
export function invalid(reason: string, source: string, cause?: unknown): EnvpackError {
  return new EnvpackError("REPORT_INVALID", `not a report of an environment: ${reason}`, {
    path: source,
    hint: "a report is what `envpack info --json` of this version prints",
    cause,
  });
}
