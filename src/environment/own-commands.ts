/** Names in `bin/` that are the environment's own, in any case, since some file systems know none: no package's command takes them. */
export function isOwnCommand(name: string): boolean {
  return /^(node(\.exe)?|envpack(\.cmd)?|(de)?activate(\..*)?)$/i.test(name);
}
