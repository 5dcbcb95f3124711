import { access, constants, lstat, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Entry } from "../archive/entry.js";
import { EnvpackError } from "../support/errors.js";
import { removeTree } from "../support/remove-tree.js";

/** Which names a file system takes for the same. */
export interface Folding {
  /** "README" and "readme". */
  readonly case: boolean;
  /** One letter written as one character or as two (Unicode's NFC and NFD). */
  readonly form: boolean;
}

/**
 * Tries what an environment needs of a file system: links, and programs that may run.
 *
 * @param folder private to the caller
 * @returns which names it takes for the same
 * @throws EnvpackError TARGET_UNSUITABLE
 */
export async function probeFileSystem(folder: string, target: string): Promise<Folding> {
  const place = join(folder, "probe");
  await mkdir(place);
  try {
    await writeFile(join(place, "program-\u00e9"), "", { mode: 0o700 });
    const unsuitable = (reason: string, cause: unknown): EnvpackError =>
      new EnvpackError("TARGET_UNSUITABLE", reason, { path: target, hint: "name a folder on another file system", cause });
    await symlink("program", join(place, "link")).catch((error: unknown) => {
      if (!isUnsupported(error)) throw error;
      throw unsuitable("the file system has no symbolic links", error);
    });
    await access(join(place, "program-\u00e9"), constants.X_OK).catch((error: unknown) => {
      throw unsuitable("the file system does not let programs run (it may be mounted noexec)", error);
    });
    return { case: await exists(join(place, "PROGRAM-\u00e9")), form: await exists(join(place, "program-e\u0301")) };
  } finally {
    await removeTree(place);
  }
}

function isUnsupported(error: unknown): boolean {
  return ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EINVAL"].includes((error as NodeJS.ErrnoException).code ?? "");
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/**
 * Makes sure that no two entries would become one where names are folded.
 *
 * @throws EnvpackError NAME_COLLISION naming both
 */
export function refuseFoldedPairs(entries: readonly Pick<Entry, "path">[], folding: Folding): void {
  if (!folding.case && !folding.form) return;
  const seen = new Map<string, string>();
  for (const { path } of entries) {
    const form = folding.form ? path.normalize("NFC") : path;
    const key = folding.case ? form.toLowerCase() : form;
    const other = seen.get(key);
    if (other !== undefined) {
      throw new EnvpackError("NAME_COLLISION", `the file system takes two names for the same: ${other} and ${path}`, {
        path,
        hint: "name a folder on a file system that tells upper and lower case apart",
      });
    }
    seen.set(key, path);
  }
}
