import { join } from "node:path";
import { tripleOf } from "../manifest/target.js";
import { readBinaryPlatform } from "../native/binary-platform.js";
import { fitsPlatform } from "../native/fits.js";
import { enumerate } from "../support/enumerate.js";
import type { Notice } from "../support/progress.js";
import type { Environment } from "./environment.js";
import { isWithin } from "./paths.js";
import { targetOf } from "./target.js";

/**
 * Tells of commands that are programs for another platform than the one that is packed for: by their headers, since an
 * install script may have put one in a script's place.
 *
 * @param isPacked whether a file (relative to the root) goes in
 */
export function noticeForeignBins(environment: Environment, isPacked: (file: string) => boolean): Notice[] {
  const target = targetOf(environment);
  const found = environment.bins
    .filter(({ start, file }) => start === "direct" && isPacked(file))
    .flatMap(({ name, file }) => {
      const platform = readPlatform(environment, file);
      return platform === null || fitsPlatform(platform, target)
        ? []
        : [{ file, text: `${name} (${tripleOf({ ...platform, arch: platform.arch ?? "an unknown processor" })})` }];
    });
  if (found.length === 0) return [];
  return [
    {
      code: "BIN_FOREIGN",
      message: `commands that are programs for another platform than ${tripleOf(target)}: ${enumerate(found.map(({ text }) => text))}`,
      path: found[0]?.file,
    },
  ];
}

/** What is brought in from outside lies elsewhere; what cannot be read is told of where it goes in. */
function readPlatform({ root, outside = [] }: Environment, file: string): ReturnType<typeof readBinaryPlatform> {
  const tree = outside.find(({ arcpath }) => file.startsWith(`../${arcpath}/`));
  const path = tree === undefined ? join(root, file) : join(tree.folder, file.slice(tree.arcpath.length + 4));
  if (tree === undefined && !isWithin(path, root)) return null;
  try {
    return readBinaryPlatform(path);
  } catch {
    return null;
  }
}
