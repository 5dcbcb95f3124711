import { damaged, type StreamRules, type TarSum } from "../../archive/codec/codec.js";
import { signedPart, type Footer, type FooterFields } from "../../archive/footer.js";
import type { ArchiveFormat } from "../../archive/formats.js";
import { unwrapFooter } from "../../archive/wrapped-footer.js";
import { requireSignature, type SignatureRule } from "../../archive/signing/rule.js";
import { EnvpackError } from "../../support/errors.js";

/** What the end of a stream must be. */
export interface ExpectedTail {
  /** The footer's fields, as the index tells them. */
  readonly fields: FooterFields;
  readonly format: ArchiveFormat;
  /** null of what has no end of its own. */
  readonly rules: StreamRules | null;
  readonly signature: SignatureRule | undefined;
}

/** What the end of a stream says. */
export interface Tail {
  /** null of an archive that was decompressed on its way, and has lost it. */
  readonly footer: Footer | null;
  /** The sum of the whole tar; null where the end says nothing of it. */
  readonly tar: TarSum | null;
}

/**
 * Checks the end of a stream, whose frames and index were all read.
 *
 * @param wrapped the footer's bytes; null where the stream ended without one
 * @throws EnvpackError ARCHIVE_CORRUPT, ARCHIVE_TOO_NEW, SIGNATURE_INVALID
 */
export function checkTail(wrapped: Buffer | null, { fields, format, rules, signature }: ExpectedTail): Tail {
  // Decompressed on its way: a plain tar has lost its footer only where it was no plain tar.
  if (wrapped === null && rules?.measure === null && format !== "tar") {
    if (signature === undefined) return { footer: null, tar: null };
    throw new EnvpackError("SIGNATURE_INVALID", "the archive was decompressed on its way, and no signature can vouch for it any more", {
      hint: "get the archive as it was packed",
    });
  }
  const unwrapped = wrapped === null || rules === null ? null : unwrapFooter(wrapped, rules);
  const expected = signedPart({ ...fields, version: unwrapped?.footer.version });
  if (unwrapped === null || !signedPart(unwrapped.footer).equals(expected)) throw damaged("its footer is not that of its index");
  if (signature !== undefined) requireSignature(unwrapped.footer, signature);
  return unwrapped;
}
