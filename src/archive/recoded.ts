import { constants, createGunzip, gunzipSync } from "node:zlib";
import { pipeline, Readable } from "node:stream";
import { EnvpackError } from "../support/errors.js";
import { damaged } from "./codec/codec.js";
import { META } from "./entry.js";
import { FOOTER_MAGIC } from "./footer.js";
import { SNIFF_BYTES } from "./formats.js";
import { END_MARK } from "./tar/header-fields.js";
import { sniffCodec } from "./sniff.js";
import { isZero } from "./tar/walk.js";

/*
 * Some ways of sending a file decompress it (a store that serves what was uploaded with "Content-Encoding: gzip"), and
 * some compress it once more. What the digests of the index vouch for is then still there, and what only the footer
 * knows is not: the tar is read front to back, as any stream is.
 */

/** Bytes of a gzip file's start that are inflated to see what is in it. */
export const PEEK_BYTES = 64 << 10;
const PEEK_MOST = 1 << 20;

/** What an archive is refused with that has to be read front to back, by commands that read here and there. */
export function recoded(how: string): EnvpackError {
  return new EnvpackError("ARCHIVE_RECODED", `the archive was ${how} on its way, and is only read from front to back`, {
    hint: "`envpack unpack`, `verify` and `run` take it as it is, and so does tar; then name the folder that it was restored to",
  });
}

/** Whether bytes are gzip's, and not those of an archive that envpack made. */
export function isForeignGzip(start: Buffer): boolean {
  // A header with extra fields is no other program's work on the way: a damaged one of envpack's own.
  const hasExtra = ((start[3] ?? 0) & 4) !== 0;
  return start.indexOf("1f8b", 0, "hex") === 0 && !hasExtra && !isKnown(start);
}

/** Whether a gzip file that envpack did not make holds an archive that it made, by its first bytes. */
export function holdsArchive(start: Buffer): boolean {
  try {
    const plain = gunzipSync(start, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: PEEK_MOST });
    return isForeignGzip(plain)
      ? holdsArchive(plain)
      : isKnown(plain) && (plain.toString("latin1", 257, 262) !== "ustar" || plain.toString("latin1", 0, 100).includes(META.folder));
  } catch {
    return false;
  }
}

function isKnown(start: Buffer): boolean {
  try {
    sniffCodec(start.subarray(0, SNIFF_BYTES));
    return true;
  } catch {
    return false;
  }
}

/** So many of a tar's last bytes tell how it ends. */
export const TAIL_BYTES = 16 << 10;

/** Whether a tar's last bytes are its end mark, with nothing of envpack's behind it. */
export function endsAsTar(tail: Buffer): boolean {
  return tail.length >= END_MARK && isZero(tail, tail.length - END_MARK, tail.length) && !tail.includes(FOOTER_MAGIC);
}

/** Inflates a gzip file, whoever made it. */
export async function* inflateGzip(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const inflater = createGunzip();
  let failure: unknown = null;
  const source = Readable.from(chunks);
  source.once("error", (error) => (failure = error));
  pipeline(source, inflater, () => undefined);
  try {
    for await (const chunk of inflater) yield chunk as Buffer;
  } catch (error) {
    throw failure instanceof EnvpackError ? failure : damaged("the gzip file that it is in cannot be inflated", error);
  }
}
