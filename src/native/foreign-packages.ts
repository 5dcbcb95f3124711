import { tripleOf } from "../manifest/target.js";
import type { Host } from "../manifest/host.js";
import type { Manifest } from "../manifest/manifest.js";
import { enumerate } from "../support/enumerate.js";
import { findForeignNames } from "./platform-names.js";

/**
 * What of an archive's packages is for other platforms than this machine's, in one sentence; null where nothing is known
 * to be. Archives that were packed with --force-platform, or before envpack looked, say in their manifest what their
 * Node.js is for, and no more.
 */
export function foreignPackages({ packages }: Pick<Manifest, "packages">, host: Host): string | null {
  const names = findForeignNames(
    packages.map(({ name }) => name),
    host,
  );
  return names.length === 0
    ? null
    : `these of its packages are for another platform than this machine's ${tripleOf(host)}, and it has none for this one: ${enumerate(names)}`;
}
