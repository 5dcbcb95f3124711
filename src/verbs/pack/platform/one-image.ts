import { parsePlatform } from "../../../environment/cross/triple.js";
import { ociPlatform, platformText } from "../../../image/oci/platform.js";
import { EnvpackError } from "../../../support/errors.js";
import { isLayoutName, isOneImage } from "../../image/words.js";
import type { OutputOptions } from "../output.js";

/**
 * Makes sure that images for these platforms can stand in one index, before anything is installed for the first.
 *
 * @throws EnvpackError USAGE, ARCHIVE_UNFIT
 */
export function assertOneImage(platforms: readonly string[], { image, output }: Pick<OutputOptions, "image" | "output">): void {
  if (platforms.length === 0) throw new EnvpackError("USAGE", "no platform was named", { hint: "name them as linux-x64 and linux-arm64" });
  const seen = new Map<string, string>();
  for (const text of platforms) {
    const { os, arch } = parsePlatform(text);
    if (os !== "linux")
      throw new EnvpackError("ARCHIVE_UNFIT", `an image runs on Linux, and this is for ${text}`, {
        hint: "leave that platform away, or pack an archive for it",
      });
    const key = platformText(ociPlatform(os, arch));
    const other = seen.get(key);
    if (other !== undefined)
      throw new EnvpackError("USAGE", `one image holds ${key} once, and both ${other} and ${text} are that`, {
        hint: "pack them as images of their own, under tags of their own",
      });
    seen.set(key, text);
  }
  if (isOneImage({ image, output }) && (output === undefined || isLayoutName(output))) return;
  throw new EnvpackError("USAGE", "several platforms make one image only in one layout, or on a registry", {
    path: typeof output === "string" ? output : undefined,
    hint: "name it with -o shop.oci.tar, or a registry with --image",
  });
}
