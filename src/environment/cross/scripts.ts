import { existsSync } from "node:fs";
import { join } from "node:path";
import { readShortText } from "../../support/read-text.js";
import { fitsAbi, fitsPlatform, isForElectron } from "../../native/fits.js";
import type { Environment, InstalledPackage } from "../environment.js";
import { findLocalPackages } from "./local-packages.js";
import { foldersOutside } from "../outside.js";
import { asObject, asText, parseObject } from "../package-json.js";
import { parseLocation } from "../pnp/location.js";
import { admits } from "../platform-families.js";
import { CLIENT, generatesOwnClient } from "./prisma.js";
import { targetOf } from "../target.js";

/** A package whose install script was not run. */
export interface Unscripted {
  readonly name: string;
  readonly version: string;
  /** As `InstalledPackage.path`. */
  readonly path: string;
  /** Absolute. */
  readonly folder: string;
  /** What npm would have run. */
  readonly script: string;
}

export interface ScriptFindings {
  /** Without the binary that the script would have brought, and unable to do without. */
  readonly lacking: readonly Unscripted[];
  /** Without it as well, but made to do without, or optional where they are needed. */
  readonly without: readonly Unscripted[];
  /** Scripts of other kinds. */
  readonly skipped: readonly Unscripted[];
}

/** Programs by which packages get or compile their binary. */
const BINARY_TOOLS =
  /\b(node-gyp|node-gyp-build|prebuild-install|prebuildify|prebuild|node-pre-gyp|cmake-js|napi|neon|cargo|electron-rebuild|download|fetch-binary|install-binary)\b/;

/** The same of the project itself, whose scripts do many other things. */
const COMPILERS = /\b(node-gyp|node-gyp-build|prebuild-install|node-pre-gyp|cmake-js)\b/;

/** Packages whose script brings programs of one platform by code of their own. (That of `prisma` only looks at Node's version.) */
const DOWNLOADERS =
  /^(electron|electron-nightly|@prisma\/(client|engines)|puppeteer|cypress|playwright-(chromium|firefox|webkit)|chromedriver|geckodriver|phantomjs-prebuilt|ffmpeg-static|ffprobe-static|grpc-tools|sass-embedded|node-sass|@sentry\/cli|deno|bun|pnpm|@tensorflow\/tfjs-node(-gpu)?)$/;

/**
 * Packages whose install scripts were not run, by what that means for them: whether they have a binary for the target is
 * told by the headers of what they brought, in themselves or in a package of their family.
 *
 * @param isPacked whether a package (its path) goes in: others do not matter
 */
export function findUnscripted(environment: Environment, isPacked: (path: string) => boolean): ScriptFindings {
  const folders = foldersOutside(environment.outside ?? []);
  const findings = { lacking: [] as Unscripted[], without: [] as Unscripted[], skipped: [] as Unscripted[] };
  const hard = findHardNeeds(environment, folders);
  for (const one of [...environment.packages.filter(isInstalled), ...localPackages(environment)]) {
    if (!isPacked(one.path)) continue;
    const folder = folders.get(one.path) ?? join(environment.root, parseLocation(one.path).path);
    const script = scriptOf(folder);
    if (script === null || isServed(environment, one)) continue;
    const found = { name: one.name, version: one.version, path: one.path, folder, script };
    const isBinary = isInstalled(one) ? BINARY_TOOLS.test(script) || DOWNLOADERS.test(one.name) : COMPILERS.test(script);
    if (!isBinary) findings.skipped.push(found);
    else if ((isInstalled(one) && !hard.has(one.name)) || catchesLack(folder)) findings.without.push(found);
    else findings.lacking.push(found);
  }
  return findings;
}

function isInstalled({ path }: Pick<InstalledPackage, "path">): boolean {
  return /(^|\/)node_modules\/|^\.\.\/|\.zip\//.test(path) || path.includes(".yarn/unplugged/");
}

/** The project itself, its members and linked folders in it: npm runs their install scripts as well. */
function localPackages({ root, packages, member }: Environment): Pick<InstalledPackage, "name" | "version" | "path">[] {
  const importers = packages
    .map(({ path }) => path)
    .filter((path) => !isInstalled({ path }) && (!member || path === member.path || member.closure.has(path)));
  return findLocalPackages(root, importers).flatMap((path) => {
    const fields = readFields(join(root, path));
    return fields === null ? [] : [{ name: asText(fields.name) ?? path, version: asText(fields.version) ?? "0.0.0", path }];
  });
}

/** Whether it has an addon that the target's Node loads, or the program that it downloads, or a package of its family is for the target. */
function isServed(environment: Environment, { name, path }: Pick<InstalledPackage, "name" | "path">): boolean {
  const { natives, executables = [], families = [] } = environment;
  const target = targetOf(environment);
  if (name === CLIENT)
    return ["", ...environment.packages.filter((one) => !isInstalled(one)).map((one) => one.path)].some((folder) =>
      generatesOwnClient(join(environment.root, folder)),
    );
  const loads = (native: (typeof natives)[number]): boolean =>
    native.file.endsWith(".node") &&
    !isForElectron(native.file) &&
    fitsPlatform(native, target) &&
    (target.abi === null || fitsAbi(native, target));
  // Of a folder that no manager made a package of, the files that lie in it.
  const isOf = (native: (typeof natives)[number]): boolean =>
    native.package === path || (native.package === "" && native.file.startsWith(`${path}/`));
  return (
    natives.some((native) => isOf(native) && loads(native)) ||
    (DOWNLOADERS.test(name) && executables.some((one) => isOf(one) && fitsPlatform(one, target))) ||
    families.some((family) => family.dependent === name && family.installed.some((one) => admits(one, target)))
  );
}

/** What npm would run when it installs: the scripts, or node-gyp where there is a binding.gyp and nothing else is said. */
function scriptOf(folder: string): string | null {
  const fields = readFields(folder);
  if (fields === null) return null;
  const scripts = asObject(fields.scripts);
  const named = ["preinstall", "install", "postinstall"].map((name) => asText(scripts?.[name])).filter((text) => text !== null);
  const compiles =
    asText(scripts?.install) === null &&
    asText(scripts?.preinstall) === null &&
    fields.gypfile !== false &&
    existsSync(join(folder, "binding.gyp"));
  const all = [...(compiles ? ["node-gyp rebuild"] : []), ...named];
  return all.length === 0 ? null : all.join("; ");
}

/** Names that somebody depends on without calling them optional. */
export function findHardNeeds({ root, packages }: Environment, folders: ReadonlyMap<string, string>): ReadonlySet<string> {
  const hard = new Set<string>();
  for (const { path } of packages) {
    const fields = readFields(folders.get(path) ?? join(root, parseLocation(path).path));
    const optional = asObject(fields?.optionalDependencies) ?? {};
    const peers = asObject(fields?.peerDependenciesMeta) ?? {};
    for (const name of Object.keys(asObject(fields?.peerDependencies) ?? {})) if (asObject(peers[name])?.optional !== true) hard.add(name);
    const kinds = [fields?.dependencies, /(^|\/)node_modules\//.test(path) ? undefined : fields?.devDependencies];
    for (const name of kinds.flatMap((kind) => Object.keys(asObject(kind) ?? {}))) if (!Object.hasOwn(optional, name)) hard.add(name);
  }
  return hard;
}

function readFields(folder: string): Readonly<Record<string, unknown>> | null {
  try {
    return parseObject(readShortText(join(folder, "package.json")));
  } catch {
    return null;
  }
}

/**
 * Whether the package's own code goes on without its binary: it asks for it inside of a `try`. That is read in the file
 * that is loaded first, since nothing declares it.
 */
export function catchesLack(folder: string): boolean {
  const main = asText(readFields(folder)?.main) ?? "index.js";
  for (const file of [main, `${main}.js`, join(main, "index.js")]) {
    try {
      const text = readShortText(join(folder, file), 1 << 20);
      return /\btry\s*\{[^{}]{0,400}require\((["'])(node-gyp-build|bindings|prebuildify|[^"'\n]{0,200}\.node|[^"'\n]{0,200}\/build\/Release\/[^"'\n]{0,200})\1\)[^{}]{0,400}\}\s*catch\b/.test(
        text,
      );
    } catch {
      // The next place.
    }
  }
  return false;
}
