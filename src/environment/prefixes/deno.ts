import { existsSync, readdirSync, readFileSync, realpathSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Notice } from "../../support/progress.js";
import { THIS_MACHINE } from "../../support/this-machine.js";
import { readElf } from "../../native/elf.js";
import { isLauncher } from "./launcher-kinds.js";

/** What deno's launchers need beside themselves. */
export interface DenoNeeds {
  /** The deno that goes in as `bin/deno`, absolute; null: none is needed, or none was found. */
  readonly program: string | null;
  readonly notices: readonly Notice[];
}

/**
 * Finds the deno that the launchers in a prefix's `bin/` start from PATH. A tool from npm stands with
 * all that it needs in `bin/.NAME/node_modules`; what others run lies in the user's cache or elsewhere, and a
 * notice names them.
 */
export function findDenoNeeds(root: string, path: string | undefined = process.env.PATH): DenoNeeds {
  const launchers = listLaunchers(root);
  if (launchers.length === 0) return { program: null, notices: [] };
  const notices = launchers.flatMap((name) => noticeRemote(root, name));
  if (existsSync(join(root, "bin/deno"))) return { program: null, notices };
  const program = findProgram(path);
  if (program !== null) return { program, notices };
  const message = "deno is not on the PATH: it does not go in, and the commands that it installed need one where they run";
  return { program, notices: [...notices, { code: "DENO_MISSING", message }] };
}

function listLaunchers(root: string): string[] {
  const bin = join(root, "bin");
  if (!existsSync(bin)) return [];
  return readdirSync(bin)
    .filter((name) => isLauncher("deno", join(bin, name)))
    .sort();
}

/** The registry's deno package has a script of that name, which fetches the program: it does not do. */
function findProgram(path: string | undefined): string | null {
  for (const folder of (path ?? "").split(delimiter)) {
    const file = join(folder, "deno");
    if (folder === "" || !existsSync(file)) continue;
    const real = realpathSync(file);
    if (THIS_MACHINE.os !== "linux" || readElf(real, null) !== null) return real;
  }
  return null;
}

function noticeRemote(root: string, name: string): Notice[] {
  const module = /'((?:file|https?|jsr):[^'\n]*)'/.exec(readFileSync(join(root, "bin", name), "utf8"))?.[1];
  if (module === undefined) return [];
  const message = `the command ${name} runs ${module}, which does not go in: install it from npm, or give DENO_DIR where it runs`;
  return [{ code: "DENO_REMOTE", message, path: `bin/${name}` }];
}
