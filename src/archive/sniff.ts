import { EnvpackError } from "../support/errors.js";
import { CODECS, type CodecName } from "./formats.js";

/**
 * The codec of an archive by its first `SNIFF_BYTES` bytes, whatever its name says.
 *
 * @throws EnvpackError NOT_AN_ARCHIVE; USAGE of a squashfs image
 */
export function sniffCodec(start: Buffer): CodecName {
  const found = CODECS.find(({ starts }) => starts(start));
  if (found !== undefined) return found.name;
  if (start.indexOf("1f8b", 0, "hex") === 0) throw refuse("it is a gzip file that envpack did not make");
  if (start.indexOf("504b0304", 0, "hex") === 0)
    throw refuse(
      "it is a zip that envpack did not make",
      "unzip it; what is an environment then, `sh DIR/bin/envpack relocate` puts in order and `verify` checks",
    );
  if (start.toString("latin1", 0, 4) === "hsqs") {
    throw new EnvpackError("USAGE", "a squashfs image is read where it is mounted", {
      hint: "mount -t squashfs -o loop,ro FILE DIR, or squashfuse FILE DIR, and name DIR",
    });
  }
  throw refuse(start.length === 0 ? "it is empty" : "it begins with none of the known formats");
}

function refuse(why: string, hint?: string): EnvpackError {
  return new EnvpackError("NOT_AN_ARCHIVE", `not an archive that envpack made: ${why}`, { hint });
}
