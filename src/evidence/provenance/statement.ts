import { EnvpackError } from "../../support/errors.js";

/** in-toto's Statement. Source: in-toto/attestation, spec/v1/statement.md. */
export interface Statement {
  readonly _type: "https://in-toto.io/Statement/v1";
  readonly subject: readonly Subject[];
  readonly predicateType: string;
  readonly predicate: Readonly<Record<string, unknown>>;
}

/** What a statement is about: an archive. */
export interface Subject {
  /** The archive's file name when it was made. */
  readonly name: string;
  readonly digest: { readonly sha256: string };
  /** What else names the same archive: its index, which holds the digests of all that is restored from it. */
  readonly annotations: { readonly "envpack.index.sha256": string };
}

export const STATEMENT = "https://in-toto.io/Statement/v1";
/** SLSA's provenance, version 1, and in-toto's results of tests. */
export const PREDICATES = {
  provenance: "https://slsa.dev/provenance/v1",
  proof: "https://in-toto.io/attestation/test-result/v0.1",
} as const;
export type EvidenceKind = keyof typeof PREDICATES;

/** What an archive is called by in statements. */
export interface ArchiveDigests {
  readonly sha256: string;
  readonly indexSha256: string;
}

/** When something was done, as statements tell it: SOURCE_DATE_EPOCH, else the given time, in milliseconds since 1970. */
export function statementTime(now: number): string {
  const epoch = process.env.SOURCE_DATE_EPOCH;
  return new Date(epoch !== undefined && /^\d{1,11}$/.test(epoch) ? Number(epoch) * 1000 : now).toISOString();
}

export function makeStatement(
  kind: EvidenceKind,
  name: string,
  { sha256, indexSha256 }: ArchiveDigests,
  predicate: Statement["predicate"],
): Statement {
  return {
    _type: STATEMENT,
    subject: [{ name, digest: { sha256 }, annotations: { "envpack.index.sha256": indexSha256 } }],
    predicateType: PREDICATES[kind],
    predicate,
  };
}

const HEX = /^[0-9a-f]{64}$/;

/**
 * Reads a statement about an archive. What it says besides is for whoever reads it: unknown fields stay, as in-toto wants.
 *
 * @throws EnvpackError EVIDENCE_INVALID
 */
export function decodeStatement(text: string, kind: EvidenceKind): Statement {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refuseEvidence("it is no JSON", cause);
  }
  const { _type, subject, predicateType, predicate } = (value ?? {}) as { [K in keyof Statement]?: unknown };
  const [first] = Array.isArray(subject)
    ? (subject as { name?: unknown; digest?: { sha256?: unknown }; annotations?: Record<string, unknown> }[])
    : [];
  if (_type !== STATEMENT || first === undefined || (subject as unknown[]).length !== 1)
    throw refuseEvidence("it is no statement about one archive");
  if (predicateType !== PREDICATES[kind] || typeof predicate !== "object" || predicate === null) throw refuseEvidence(`it is no ${kind}`);
  const sha256 = first.digest?.sha256;
  const index = first.annotations?.["envpack.index.sha256"];
  if (typeof sha256 !== "string" || !HEX.test(sha256) || typeof index !== "string" || !HEX.test(index) || typeof first.name !== "string")
    throw refuseEvidence("it names no archive by its digests");
  return value as Statement;
}

export function refuseEvidence(why: string, cause?: unknown): EnvpackError {
  return new EnvpackError("EVIDENCE_INVALID", `what lies beside the archive cannot be believed: ${why}`, {
    hint: "make it again (`envpack prove`, `envpack pack --provenance`), or do not ask for it",
    cause,
  });
}
