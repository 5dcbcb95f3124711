import { EnvpackError } from "../../support/errors.js";
import { signedPart, type Footer } from "../footer.js";
import type { OpensshKey } from "./openssh.js";
import { fits, type Signature } from "./signature.js";

/** Whose signature an archive must bear. */
export interface SignatureRule {
  /** A signature by one of them will do. */
  readonly keys: readonly OpensshKey[];
  /** A signature that came beside the archive. */
  readonly detached: Signature | null;
  /** SHA-256 of the index that the archive must have: that of the one that its evidence is about. */
  readonly indexSha256?: string;
}

/**
 * Makes sure that one of the keys signed the archive: in its footer, or beside it.
 *
 * @throws EnvpackError SIGNATURE_INVALID
 */
export function requireSignature(footer: Footer, { keys, detached, indexSha256 }: SignatureRule): void {
  if (indexSha256 !== undefined && indexSha256 !== footer.indexSha256)
    throw new EnvpackError("EVIDENCE_INVALID", "what lies beside the archive is about another one", {
      hint: "send the archive again, with what came beside it",
    });
  const signatures = [footer.signature, detached].filter((signature) => signature !== null);
  const trusted = signatures.filter(({ publicKey }) => keys.some((key) => key.publicKey.equals(publicKey)));
  const signed = signedPart(footer);
  if (trusted.some((signature) => fits(signature, signed))) return;
  if (signatures.length === 0) throw refuse("the archive is not signed");
  if (trusted.length === 0) throw refuse("the archive is signed by another key than the ones that were named");
  throw refuse("the signature is not that of this archive");
}

function refuse(message: string): EnvpackError {
  return new EnvpackError("SIGNATURE_INVALID", message, { hint: "do not use it, unless you know where it comes from" });
}
