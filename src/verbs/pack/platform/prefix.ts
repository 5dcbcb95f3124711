import { existsSync, lstatSync, readdirSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { installGlobally } from "../../../environment/cross/install.js";
import type { TargetPlatform } from "../../../environment/cross/triple.js";
import { readPackageJson } from "../../../environment/package-json.js";
import { EnvpackError } from "../../../support/errors.js";
import type { CommonOptions } from "../../../support/options.js";
import type { Notice } from "../../../support/progress.js";

/** They come with the Node.js that goes in. */
const OF_NODE = new Set(["npm", "corepack"]);

/**
 * Installs the global packages of an npm prefix for a platform, by their names and versions: a prefix has no lockfile, so
 * what they need in turn is what the registry gives today.
 *
 * @param source a prefix with lib/node_modules
 * @param prefix made here
 */
export async function installPrefix(source: string, prefix: string, target: TargetPlatform, { signal }: CommonOptions): Promise<Notice[]> {
  const modules = join(source, "lib/node_modules");
  if (!existsSync(modules)) {
    throw new EnvpackError(
      "NOT_AN_ENVIRONMENT",
      "only projects, and prefixes that npm installs into (lib/node_modules), can be packed for another platform",
      { path: source, hint: "name the folder of a project, or an npm prefix" },
    );
  }
  const found = namesIn(modules).flatMap((name) => describe(modules, name));
  const linked = found.filter(({ isLink }) => isLink).map(({ name }) => name);
  const specs = found.filter(({ isLink }) => !isLink).map(({ name, version }) => `${name}@${version}`);
  if (specs.length === 0)
    throw new EnvpackError("NOT_AN_ENVIRONMENT", "this prefix has no global packages to install for another platform", {
      path: source,
      hint: "name a project, or a prefix with packages of its own",
    });
  await mkdir(join(prefix, "lib/node_modules"), { recursive: true });
  await installGlobally(prefix, specs, target, { source, signal });
  const notices: Notice[] = [
    { code: "PREFIX_BY_VERSION", message: `installed by name and version, since a prefix has no lockfile: ${specs.join(", ")}` },
  ];
  if (linked.length > 0) notices.push({ code: "PREFIX_LINKS_LEFT", message: `linked packages were left out: ${linked.join(", ")}` });
  return notices;
}

function namesIn(modules: string): string[] {
  return readdirSync(modules)
    .flatMap((name) =>
      name.startsWith("@")
        ? readdirSync(join(modules, name)).map((one) => `${name}/${one}`)
        : name.startsWith(".") || OF_NODE.has(name)
          ? []
          : [name],
    )
    .sort();
}

function describe(modules: string, name: string): { readonly name: string; readonly version: string; readonly isLink: boolean }[] {
  const json = readPackageJson(join(modules, name));
  if (typeof json === "string" || json.version === null) return [];
  return [{ name: json.name ?? name, version: json.version, isLink: lstatSync(join(modules, name)).isSymbolicLink() }];
}
