import type { PlannedEntry } from "../../archive/entry.js";
import type { Environment } from "../../environment/environment.js";
import { isLauncherText } from "../../environment/prefixes/launcher-kinds.js";
import type { Bases } from "../bases.js";
import { ownArcpath, ownPlace, ownWord } from "./own-place.js";
import { readScript } from "./read-script.js";
import { rewritten, type Outcome, type Rule } from "./rule.js";

/**
 * Launchers of `deno install -g` (census: "Deno install -g"): `exec deno run --config $E/bin/.tool/deno.json …`
 * works in the old place only. They are made to find their folder, and the deno beside them, from their own.
 */
export const denoLaunchers: Rule = {
  name: "deno launcher",
  apply: (entry: PlannedEntry, bases: Bases, { kind }: Environment): Outcome | null => {
    if (kind === "project" || !/^bin\/[^/]+$/.test(entry.path)) return null;
    const script = readScript(entry);
    if (script === null || !isLauncherText("deno", script.text)) return null;
    return { action: "relative", entries: [rewritten(script.file, makeDenoRelative(script.text, bases))] };
  },
};

/** deno refuses to start where nothing tells it of a folder for caches; it does without being able to write there. */
const CACHE = `[ -n "\${DENO_DIR-}\${XDG_CACHE_HOME-}\${HOME-}" ] || export DENO_DIR="$envpack_root/.deno"\n`;

/** The launcher with each word that names the old place found from its own; `bin/` comes first on PATH. */
export function makeDenoRelative(text: string, bases: Pick<Bases, "toArcpath">): string {
  const rewrite = (word: string, path: string): string => {
    const arcpath = ownArcpath(path, bases);
    return arcpath === null ? word : ownWord(arcpath);
  };
  return text.replace(/^exec .*$/m, (line) => {
    const words = line
      .replace(/(?<= )'(\/[^'\n]*)'(?= |$)/g, (word, path: string) => rewrite(word, path))
      .replace(/(?<= )(\/[^\s'"\\$]*)(?= |$)/g, (word, path: string) => rewrite(word, path));
    return `${ownPlace(1)}PATH=$envpack_root/bin\${PATH:+:$PATH}\nexport PATH\n${CACHE}${words}`;
  });
}
