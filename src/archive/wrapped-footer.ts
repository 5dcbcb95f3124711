import { damaged, NO_TAR, type StreamRules, type TarSum } from "./codec/codec.js";
import { decodeFooter, encodeFooter, FOOTER_BYTES, type Footer } from "./footer.js";

/** Bytes of a footer as it stands in an archive of this codec. */
export function footerLength(rules: StreamRules): number {
  return rules.wrapFooter(new Uint8Array(FOOTER_BYTES), NO_TAR).length;
}

/**
 * Decodes a footer as it stands in an archive; what wraps it must be right as well.
 *
 * @returns also what it says of the tar, which only all of the archive can confirm; null where it says nothing
 * @throws EnvpackError ARCHIVE_CORRUPT, ARCHIVE_TOO_NEW, SIGNATURE_INVALID
 */
export function unwrapFooter(wrapped: Buffer, rules: StreamRules): { readonly footer: Footer; readonly tar: TarSum | null } {
  const footer = decodeFooter(rules.unwrapFooter?.(wrapped) ?? findPayload(wrapped, rules));
  const tar = rules.readTarSum(wrapped);
  if (!wrapped.equals(rules.wrapFooter(encodeFooter(footer, footer.signature), tar ?? NO_TAR)))
    throw damaged("its end is not where its footer says");
  return { footer, tar };
}

function findPayload(wrapped: Buffer, rules: StreamRules): Buffer {
  const payload = new Uint8Array(FOOTER_BYTES).fill(1);
  const at = Buffer.from(rules.wrapFooter(payload, NO_TAR)).indexOf(payload);
  return wrapped.subarray(at, at + FOOTER_BYTES);
}

/** @throws EnvpackError ARCHIVE_CORRUPT where the whole tar's sum is not what the archive's end says */
export function checkTarSum(found: TarSum, said: TarSum | null): void {
  if (said === null || (found.crc32 === said.crc32 && found.bytes % 2 ** 32 === said.bytes)) return;
  throw damaged("the checksum at its end is not that of its content");
}
