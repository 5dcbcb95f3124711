import { PackageURL } from "packageurl-js";

/** Where a registry keeps the tarball of a package: `…/@scope/name/-/name-1.2.3.tgz`. */
const FROM_REGISTRY = /^https?:\/\/.*\/-\/[^/]*$/;
const GIT = /^git(?:\+\w+)?:|\.git(?:#|$)/;

/**
 * The package URL of a package of npm's.
 *
 * @param source where it was fetched from: a repository or a tarball outside of registries is named
 */
export function npmPurl(name: string, version: string | null, source: string | null): string | null {
  const slash = name.startsWith("@") ? name.indexOf("/") : -1;
  const scope = slash < 0 ? undefined : name.slice(0, slash);
  return makePurl("npm", scope, name.slice(slash + 1), version, qualifiersOf(source));
}

/** Of what no registry publishes: a runtime, a shared library. */
export function genericPurl(name: string, version: string | null): string | null {
  return makePurl("generic", undefined, name, version, undefined);
}

function qualifiersOf(source: string | null): Record<string, string> | undefined {
  if (source === null || FROM_REGISTRY.test(source)) return undefined;
  return GIT.test(source) ? { vcs_url: source } : { download_url: source };
}

/** Null for a name that a package URL cannot hold: package.json may have any. */
function makePurl(
  type: string,
  namespace: string | undefined,
  name: string,
  version: string | null,
  qualifiers: Record<string, string> | undefined,
): string | null {
  try {
    return new PackageURL(type, namespace, name, version ?? undefined, qualifiers, undefined).toString();
  } catch {
    return null;
  }
}
