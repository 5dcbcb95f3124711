/**
 * The program that a shim of pnpm (@zkochan/cmd-shim) starts, relative to the shim's folder; null where
 * the text is no such shim. pnpm 10 writes `"$basedir/../x/cli.js"`, pnpm 12 `"$basedir_abs"/'../x/cli.js'`.
 */
export function readShimTarget(text: string): string | null {
  if (!text.startsWith("#!")) return null;
  const starts = [...text.matchAll(/^[ \t]*exec [^\n]{0,1000}?"\$basedir(?:_abs|_win)?(?:\/([^"]+)"|"\/'([^']+)') [^\n]{0,1000}"\$@"$/gm)];
  const last = starts.at(-1);
  return last?.[1] ?? last?.[2] ?? null;
}
