import { loadDecoder } from "../codec/load.js";
import { SNIFF_BYTES } from "../formats.js";
import type { ByteSource } from "../byte-source.js";
import { holdsArchive, isForeignGzip, PEEK_BYTES, recoded } from "../recoded.js";
import { sniffCodec } from "../sniff.js";
import type { Container } from "./container.js";
import { openTar } from "./tar.js";
import { openZip } from "./zip.js";

/**
 * What an archive's first and last bytes tell: nothing is decompressed.
 *
 * @throws EnvpackError NOT_AN_ARCHIVE, ARCHIVE_CORRUPT, ARCHIVE_RECODED, ARCHIVE_TOO_NEW, CODEC_MISSING, SIGNATURE_INVALID
 */
export async function openContainer(source: ByteSource): Promise<Container> {
  const peek = await source.read(0, Math.min(PEEK_BYTES, source.size));
  if (isForeignGzip(peek) && holdsArchive(peek)) throw recoded("compressed again");
  const decoder = await loadDecoder(sniffCodec(peek.subarray(0, SNIFF_BYTES)));
  return decoder.stream === null ? openZip(source, decoder) : openTar(source, decoder, decoder.stream);
}
