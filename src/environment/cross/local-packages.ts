import { lstatSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { namesIn } from "../../support/names-in.js";
import { below, isWithin } from "../paths.js";

/**
 * The folders of packages that are part of the project: its root, its members, and what links in node_modules lead to
 * inside of the root (`file:`). Relative to the root; npm runs their install scripts as well.
 *
 * @param importers folders relative to the root: "" and the members of a workspace
 */
export function findLocalPackages(root: string, importers: readonly string[]): readonly string[] {
  const real = realpathSync(root);
  const linked = importers
    .flatMap((folder) => packagesIn(join(root, folder, "node_modules")))
    .flatMap((path) => {
      const target = followLink(path);
      return target !== null && isWithin(target, real) && !/(^|\/)node_modules\//.test(below(target, real)) ? [below(target, real)] : [];
    });
  return [...new Set([...importers, ...linked])];
}

/** What lies right in a node_modules folder or in a scope of it, absolute. */
function packagesIn(modules: string): string[] {
  return namesIn(modules).flatMap((name) =>
    name.startsWith("@")
      ? namesIn(join(modules, name)).map((one) => join(modules, name, one))
      : name.startsWith(".")
        ? []
        : [join(modules, name)],
  );
}

function followLink(path: string): string | null {
  try {
    return lstatSync(path).isSymbolicLink() ? realpathSync(path) : null;
  } catch {
    return null;
  }
}
