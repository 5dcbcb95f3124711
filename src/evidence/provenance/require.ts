import { resolve } from "node:path";
import type { SignatureRule } from "../../archive/signing/rule.js";
import { EnvpackError } from "../../support/errors.js";
import { requireEvidence } from "./evidence.js";
import type { EvidenceKind } from "./statement.js";

/** What an archive may be asked to come with. */
export type Required = "signature" | EvidenceKind;
export const REQUIRED: readonly Required[] = ["signature", "provenance", "proof"];

/**
 * Makes sure that an archive comes with what is asked for, signed by the keys that were named. What is read afterwards has
 * to be the archive that the evidence is about: so the rule that is given back names its index.
 *
 * @param archive its path; null for a stream
 * @throws EnvpackError USAGE, EVIDENCE_MISSING, EVIDENCE_INVALID
 */
export async function requireAll(
  required: readonly Required[],
  archive: string | null,
  rule: SignatureRule | undefined,
): Promise<SignatureRule | undefined> {
  if (required.length === 0) return rule;
  if (rule === undefined)
    throw new EnvpackError("USAGE", "what is required has to be signed, and no key was named", {
      hint: "name the signer's public key with --verify-key",
    });
  const kinds = required.filter((one): one is EvidenceKind => one !== "signature");
  if (kinds.length === 0) return rule;
  if (archive === null)
    throw new EnvpackError("USAGE", "a stream has nothing beside it", {
      hint: "write the archive to a file first, with what came beside it",
    });
  let indexSha256: string | undefined;
  for (const kind of kinds) {
    const { statement } = await requireEvidence(resolve(archive), kind, rule.keys, indexSha256);
    indexSha256 = statement.subject[0]?.annotations["envpack.index.sha256"];
  }
  return { ...rule, indexSha256 };
}
