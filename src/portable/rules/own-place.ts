import { resolvePath, type Bases } from "../bases.js";

/** What a path that stands in a script became in the archive; it may be spelled through links. Null: it does not go in. */
export function ownArcpath(path: string, bases: Pick<Bases, "toArcpath">): string | null {
  return bases.toArcpath(path) ?? bases.toArcpath(resolvePath(path));
}

/**
 * Lines of a POSIX shell script that find the archive's root from the script's own place, through any
 * chain of links: $envpack_root.
 *
 * @param depth how many folders below the root the script stands
 */
export function ownPlace(depth: number): string {
  const above = Array.from({ length: depth }, () => "/..").join("");
  return `envpack_self=$0
case $envpack_self in */*) ;; *) envpack_self=./$envpack_self ;; esac
while [ -h "$envpack_self" ]; do
  envpack_link=$(PATH=\${PATH:+$PATH:}/usr/bin:/bin; readlink "$envpack_self") || exit 127
  case $envpack_link in
  /*) envpack_self=$envpack_link ;;
  *) envpack_self=\${envpack_self%/*}/$envpack_link ;;
  esac
done
envpack_root=$(CDPATH= cd -P -- "\${envpack_self%/*}${above}" && pwd -P) || exit 127
`;
}

/**
 * An absolute path of the old place as a word of a shell script that begins with `ownPlace`.
 *
 * @param arcpath what the path became in the archive
 */
export function ownWord(arcpath: string): string {
  if (arcpath === "") return '"$envpack_root"';
  return `"$envpack_root"/${/^[\w@%+=:,./-]+$/.test(arcpath) ? arcpath : `'${arcpath.replaceAll("'", `'\\''`)}'`}`;
}
