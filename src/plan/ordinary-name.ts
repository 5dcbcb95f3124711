/**
 * Names of files in installed packages that no list of what is left out knows: most of a tree. It begins with no dot, has
 * no character that a copy's name has, ends as code and its company do, and is none that `findSecret` tells by its
 * beginning. A test holds it against all lists.
 */
const ORDINARY = /^(?!id_|ssh_|(?:npm|yarn|pnpm|lerna)-)[A-Za-z0-9@$_-][\w@$-]*(?:\.[\w@$-]+)*\.(?:[cm]?[jt]sx?|map|md|html|css|svg|png)$/i;

/** Whether a file in a package needs no closer look, whatever its folder is called. */
export function isOrdinaryName(name: string): boolean {
  return ORDINARY.test(name);
}
