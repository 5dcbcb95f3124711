import { EnvpackError } from "../support/errors.js";
import { CODECS, type CodecName } from "./formats.js";

/**
 * The codec of an archive by its first `SNIFF_BYTES` bytes, whatever its name says.
 *
 * @throws EnvpackError NOT_AN_ARCHIVE; USAGE of a squashfs image
 */
export function sniffCodec(start: Buffer): CodecName {
  if (isLayout(start)) throw imageInstead();
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

/** What the tars of image layouts begin with: envpack's own, those of skopeo, podman and docker. */
const FIRST_NAMES: ReadonlySet<string> = new Set(["blobs/", "oci-layout", "index.json", "manifest.json"]);

/** Whether a file's first bytes are those of an image layout's tar (image-spec 1.1, image-layout.md). */
export function isLayout(start: Buffer): boolean {
  return FIRST_NAMES.has(start.toString("latin1", 0, 100).split("\0", 1)[0] ?? "") && start.toString("latin1", 257, 262) === "ustar";
}

/** Of a command that takes archives and environments, where it is given the layout of a container image. */
export function imageInstead(path?: string): EnvpackError {
  return new EnvpackError("NOT_AN_ARCHIVE", "a container image, and no archive", {
    path,
    hint: "`envpack info`, `list`, `verify`, `doctor` and `deliver registry` take images; for all else pack the project as an archive, or name the folder that it was installed in",
  });
}
