/**
 * The part of hook.cjs that answers `import` on Node 18.19 to 22.14, where such hooks run in a thread
 * of their own; the rules are told there.
 */
import { existsSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

let root, packages, added, bare;

export function initialize(data) {
  ({ root, packages, added, bare } = data);
}

export async function resolve(specifier, context, next) {
  if (!bare.test(specifier) || !isOutside(context.parentURL)) return next(specifier, context);
  if (isAdded(specifier)) return next(specifier, { ...context, parentURL: pathToFileURL(join(added, "_")).href });
  try {
    return await next(specifier, context);
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND") throw error;
    for (const folder of packages) {
      try {
        return await resolveHere(specifier, context, next, folder);
      } catch (second) {
        // Else the package is here, but not what is asked of it.
        if (second.code !== "ERR_MODULE_NOT_FOUND") throw second;
      }
    }
    throw error;
  }
}

async function resolveHere(specifier, context, next, folder) {
  const found = await next(specifier, { ...context, parentURL: pathToFileURL(join(folder, "_")).href });
  if (found.url.startsWith(pathToFileURL(root + sep).href)) return found;
  throw Object.assign(new Error("found above the environment"), { code: "ERR_MODULE_NOT_FOUND" });
}

function isAdded(specifier) {
  return added !== null && existsSync(join(added, specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/")));
}

function isOutside(parentURL) {
  if (!parentURL?.startsWith("file:")) return false;
  const folder = dirname(fileURLToPath(parentURL));
  return folder === root || !(folder + sep).startsWith(root + sep);
}
