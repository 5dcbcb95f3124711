import type { ByteSource } from "../byte-source.js";
import { damaged, NO_TAR, type Decoder } from "../codec/codec.js";
import { readDirectory } from "../zip/directory.js";
import type { ZipEntry } from "../zip/headers.js";
import { readZipFooter, readZipIndex, readZipStart } from "../zip/read.js";
import type { Container } from "./container.js";

/** A zip in frames: the footer stands in its directory, which has to say of each entry what the index says. */
export async function openZip(source: ByteSource, decoder: Decoder): Promise<Container> {
  const { footer, endBytes } = await readZipFooter(source);
  let own: ZipEntry | null = null;
  return {
    decoder,
    footer,
    tarSum: null,
    readStart: () => readZipStart(source, footer),
    readIndex: (sink, shape) => readZipIndex(source, footer, shape, sink, (entry) => (own = entry)),
    indexSum: () => NO_TAR,
    async openDirectory(index) {
      if (own === null) throw damaged("its index was not read");
      return readDirectory(source, index, own, { footer, endBytes });
    },
  };
}
