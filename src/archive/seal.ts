import { damaged, type Codec } from "./codec/codec.js";
import { decodeFooter, encodeFooter, FOOTER_BYTES, type Footer } from "./footer.js";

/** Bytes of a footer as it stands in an archive of this codec. */
export function sealedLength(codec: Codec): number {
  return codec.sealFooter(new Uint8Array(FOOTER_BYTES)).length;
}

/**
 * Decodes a footer as it stands in an archive; what wraps it must be right as well.
 *
 * @throws EnvpackError ARCHIVE_CORRUPT, ARCHIVE_TOO_NEW, SIGNATURE_INVALID
 */
export function unsealFooter(sealed: Buffer, codec: Codec): Footer {
  const at = codec.sealFooter(new Uint8Array(FOOTER_BYTES).fill(1)).indexOf(1);
  const footer = decodeFooter(sealed.subarray(at, at + FOOTER_BYTES));
  if (!sealed.equals(codec.sealFooter(encodeFooter(footer, footer.signature)))) throw damaged("its end is not where its footer says");
  return footer;
}
