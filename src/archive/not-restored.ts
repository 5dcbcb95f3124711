import { existsSync } from "node:fs";
import { join } from "node:path";
import { EnvpackError } from "../support/errors.js";
import { imageInstead } from "./sniff.js";

/** What is wrong with a folder that has no such record of envpack's: it was never restored, or hidden files were lost on its way. */
export function notRestored(folder: string, arcpath: string): EnvpackError {
  if (existsSync(join(folder, "oci-layout"))) return imageInstead(folder);
  if (!existsSync(join(folder, "bin/activate"))) {
    return new EnvpackError("NOT_AN_ENVIRONMENT", `not an environment that envpack restored: it has no ${arcpath}`, {
      path: folder,
      hint: "name an archive, or the folder that one was restored to",
    });
  }
  return new EnvpackError("NOT_AN_ENVIRONMENT", `this environment is not whole, it lacks ${arcpath}`, {
    path: folder,
    hint: "`cp dir/*` and uploads without hidden files lose what begins with a dot: copy the whole folder (`cp -a dir target`), or unpack the archive again",
  });
}
