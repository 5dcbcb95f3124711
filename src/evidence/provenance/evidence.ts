import { fingerprint } from "../../archive/signing/openssh.js";
import type { SignatureRule } from "../../archive/signing/rule.js";
import { digestFile } from "../../support/digest.js";
import { EnvpackError, explainError } from "../../support/errors.js";
import { readShortFile } from "../../support/read-text.js";
import { openEnvelope } from "./envelope.js";
import { decodeStatement, refuseEvidence, type EvidenceKind, type Statement } from "./statement.js";

/** What lies beside an archive and tells about it. */
export interface Evidence {
  readonly kind: EvidenceKind;
  /** Absolute. */
  readonly path: string;
  readonly statement: Statement;
  /** Fingerprint of the key that signed it, of those that were named; null: none of them did. */
  readonly signedBy: string | null;
  /** Fingerprints of the keys that it says it is signed with, which was not checked; empty: it is not signed. */
  readonly claimed: readonly string[];
}

const ENDINGS: Readonly<Record<EvidenceKind, string>> = { provenance: ".provenance.json", proof: ".proof.json" };

/** Where the evidence of an archive lies. */
export function evidenceName(archive: string, kind: EvidenceKind): string {
  return `${archive}${ENDINGS[kind]}`;
}

/** Bytes: a proof names what was tried, of which there are hundreds. */
const LIMIT = 16 << 20;

/**
 * Reads what lies beside an archive; whether it is about this archive is another question.
 *
 * @returns null where there is nothing
 * @throws EnvpackError EVIDENCE_INVALID
 */
export function readEvidence(archive: string, kind: EvidenceKind, keys: SignatureRule["keys"]): Evidence | null {
  const path = evidenceName(archive, kind);
  try {
    return decodeEvidence(readShortFile(path, LIMIT, false).toString("utf8"), kind, { path, keys });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    if (error instanceof EnvpackError) throw new EnvpackError(error.code, error.message, { path, hint: error.hint, cause: error.cause });
    if (error instanceof Error && "syscall" in error) throw explainError(error, `cannot read the ${kind}`, path);
    throw refuseEvidence("it is no short text", error);
  }
}

/**
 * Reads evidence, and who signed it.
 *
 * @param path where it lies, for messages
 * @throws EnvpackError EVIDENCE_INVALID
 */
export function decodeEvidence(
  text: string,
  kind: EvidenceKind,
  { path, keys }: { readonly path: string; readonly keys: SignatureRule["keys"] },
): Evidence {
  const opened = openEnvelope(text, keys);
  const statement = decodeStatement(opened === null ? text : opened.payload.toString("utf8"), kind);
  const signedBy = opened?.signedBy ?? null;
  return { kind, path, statement, signedBy: signedBy === null ? null : fingerprint(signedBy.publicKey), claimed: opened?.claimed ?? [] };
}

/** Whether evidence is about an archive with this index: all that is restored from it is what the evidence is about. */
export function isAbout({ statement }: Evidence, indexSha256: string): boolean {
  return statement.subject[0]?.annotations["envpack.index.sha256"] === indexSha256;
}

/**
 * Makes sure that an archive has evidence of a kind, about these very bytes, that a named key signed.
 *
 * @param indexSha256 of the archive's index; undefined: it is not read yet, and the result tells what it has to be
 * @throws EnvpackError EVIDENCE_MISSING, EVIDENCE_INVALID
 */
export async function requireEvidence(
  archive: string,
  kind: EvidenceKind,
  keys: SignatureRule["keys"],
  indexSha256?: string,
): Promise<Evidence> {
  const found = readEvidence(archive, kind, keys);
  if (found === null)
    throw new EnvpackError("EVIDENCE_MISSING", `the archive has no ${kind} beside it`, {
      path: evidenceName(archive, kind),
      hint: HINTS[kind],
    });
  const { path, statement, signedBy } = found;
  const refuse = (message: string): EnvpackError => new EnvpackError("EVIDENCE_INVALID", message, { path, hint: HINTS[kind] });
  if (signedBy === null)
    throw refuse(found.claimed.length === 0 ? `the ${kind} is not signed` : `the ${kind} is not signed by a key that was named`);
  if (statement.subject[0]?.digest.sha256 !== (await digestFile(archive)).sha256) throw refuse(`the ${kind} is that of another archive`);
  if (indexSha256 !== undefined && !isAbout(found, indexSha256)) throw refuse(`the ${kind} is that of another archive`);
  if (kind === "proof" && statement.predicate.result !== "PASSED") throw refuse("the proof says that the archive does not run elsewhere");
  return found;
}

const HINTS: Readonly<Record<EvidenceKind, string>> = {
  provenance: "make it with the archive: `envpack pack --provenance --sign KEY`, and send both",
  proof: "make it: `envpack prove ARCHIVE --sign KEY`, and send both",
};

/** What lies beside an archive, in short. */
export interface EvidenceFact {
  readonly kind: EvidenceKind;
  readonly path: string;
  /** Whether it is about this archive. */
  readonly fits: boolean;
  /** Fingerprint of the named key that signed it; null: none was named, or none of them did. */
  readonly signedBy: string | null;
  /** Fingerprints that it names itself, which anybody could write. */
  readonly claimed: readonly string[];
  /** What it says, in one line. */
  readonly says: string;
}

/** Tells of the evidence beside an archive; what cannot be read is told as such. */
export function describeEvidence(archive: string, keys: SignatureRule["keys"], indexSha256: string): EvidenceFact[] {
  const facts = (["provenance", "proof"] as const).map((kind): EvidenceFact | null => {
    try {
      const found = readEvidence(archive, kind, keys);
      if (found === null) return null;
      return factOf(found, isAbout(found, indexSha256));
    } catch (error) {
      if (!(error instanceof EnvpackError)) throw error;
      return { kind, path: evidenceName(archive, kind), fits: false, signedBy: null, claimed: [], says: error.message };
    }
  });
  return facts.filter((fact) => fact !== null);
}

/** Evidence in short. */
export function factOf({ kind, path, statement, signedBy, claimed }: Evidence, fits: boolean): EvidenceFact {
  return { kind, path, fits, signedBy, claimed, says: kind === "proof" ? sayProof(statement) : sayProvenance(statement) };
}

function sayProof({ predicate }: Statement): string {
  const count = (key: string): number => (Array.isArray(predicate[key]) ? (predicate[key] as unknown[]).length : 0);
  const failed = count("failedTests");
  const runs = fieldsOf(predicate.envpack).runs;
  const names = Array.isArray(runs) ? runs.map((run) => fieldsOf(run).conditions).filter((name) => typeof name === "string") : [];
  const where = names.length === 0 ? "" : ` as ${names.join(", ")}`;
  return predicate.result === "PASSED"
    ? `runs elsewhere${where}: ${count("passedTests")} trials hold`
    : `does not run elsewhere${where}: ${failed} ${failed === 1 ? "trial fails" : "trials fail"}`;
}

function sayProvenance({ predicate }: Statement): string {
  const all = fieldsOf(predicate.buildDefinition).resolvedDependencies;
  const source = (Array.isArray(all) ? all : []).map(fieldsOf).find(({ name }) => name === "source");
  const commit = fieldsOf(source?.digest).gitCommit;
  const builder = fieldsOf(fieldsOf(predicate.runDetails).builder);
  const versions = Object.entries(fieldsOf(builder.version))
    .filter((entry) => typeof entry[1] === "string")
    .map(([name, version]) => `${name} ${String(version)}`);
  const made = versions.length === 0 ? "made by an unnamed builder" : `made by ${versions.join(" on ")}`;
  if (typeof commit !== "string") return `${made}, from no known revision`;
  return `${made}, from revision ${commit.slice(0, 12)}${fieldsOf(source?.annotations).clean === true ? "" : " with changes beside it"}`;
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
