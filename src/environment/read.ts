import { realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { EnvpackError, explainError } from "../support/errors.js";
import { quoteForShell } from "../support/quote.js";
import { chooseRuntime } from "./choose-runtime.js";
import { chooseRuntimeFor } from "./cross/runtime.js";
import type { TargetPlatform } from "./cross/triple.js";
import type { Environment } from "./environment.js";
import { ownNode, readPrefix } from "./kinds/prefix.js";
import { readProject } from "./kinds/project.js";
import type { ReadRequest } from "./kinds/read-request.js";
import { readOwnPackageJson } from "./package-json.js";
import { readRestored } from "./restored.js";
import { findInstalledFor } from "./target.js";

export interface ReadOptions extends ReadRequest {
  /** "prefix": a folder that holds a package.json as well is one; by default what is found decides. */
  readonly kind?: "prefix";
  /** The runtime that goes in: "current", "none", a path, or a version; by default a prefix's own, else "current". */
  readonly node?: string;
  /** Whether packages for development are left out: then they do not tell what the others were installed for. */
  readonly omitDev?: boolean;
  /** Whether npm and its commands come with the runtime; by default they do. */
  readonly withNpm?: boolean;
  /** The platform that the packages were installed for, where somebody knows; by default they tell, else it is this machine's. */
  readonly platform?: TargetPlatform;
  /** Where npm is asked for a runtime; by default in the environment's folder. */
  readonly npmFolder?: string;
}

/**
 * Reads what is installed in a folder. Nothing is changed there, and nothing is run but the runtime
 * (to tell its version) and, for a runtime from the registry, the user's npm.
 *
 * @param path the environment's folder, relative to the current one or absolute
 */
export async function readEnvironment(path: string, options: ReadOptions): Promise<Environment> {
  const namedRoot = resolve(path);
  try {
    const root = resolveFolder(namedRoot);
    const json = options.kind === "prefix" ? null : readOwnPackageJson(root);
    if (json === null) return await readPrefixWithRuntime(root, namedRoot, options);
    const found = await readProject(root, json, options);
    const { platform, npmFolder = root } = options;
    const runtime =
      platform === undefined
        ? await chooseRuntime({ ...options, node: options.node ?? "current", folder: npmFolder })
        : await chooseRuntimeFor(platform, { ...options, folder: npmFolder });
    const installedFor = platform ?? (await findInstalledFor(found, options.omitDev ?? false));
    return Object.freeze({ ...found, namedRoot: nameRoot(namedRoot, found), runtime, installedFor });
  } catch (error) {
    throw explainError(error, "cannot read the environment", namedRoot);
  }
}

/** The libraries of a prefix travel with it: its own node may need them. */
async function readPrefixWithRuntime(
  root: string,
  namedRoot: string,
  { kind, node, withNpm, platform, npmFolder = root, ...request }: ReadOptions,
): Promise<Environment> {
  refuseRestoredProject(root, namedRoot);
  const found = await readPrefix(root, request);
  if (found === null) throw kind === "prefix" ? notAPrefix(namedRoot) : notAnEnvironment(namedRoot);
  const own = ownNode(root);
  const libraries = join(root, "lib");
  const choice = { ...request, withNpm, folder: npmFolder, libraries };
  const runtime =
    platform === undefined
      ? await chooseRuntime({ ...choice, node: node ?? own ?? "current" })
      : await chooseRuntimeFor(platform, { ...choice, node });
  const version = found.name === "node" && runtime !== null ? runtime.version : found.version;
  return Object.freeze({ ...found, version, namedRoot, runtime, installedFor: platform ?? (await findInstalledFor(found, false)) });
}

/** The root as the user named it: who names a workspace's member names the workspace along with it. */
function nameRoot(namedRoot: string, { root, member }: Pick<Environment, "root" | "member">): string {
  if (!member) return namedRoot;
  const ending = `/${member.path}`;
  return namedRoot.endsWith(ending) ? namedRoot.slice(0, -ending.length) : root;
}

function resolveFolder(path: string): string {
  try {
    const real = realpathSync(path);
    if (statSync(real).isDirectory()) return real;
  } catch (error) {
    throw explainError(error, "cannot read the environment", path);
  }
  throw new EnvpackError("NOT_AN_ENVIRONMENT", "this is a file, not the folder of a project", {
    path,
    hint: "name the folder that holds package.json",
  });
}

/**
 * What was restored of a project looks like a prefix, and packages are found in the project's folder inside.
 *
 * @throws EnvpackError NOT_AN_ENVIRONMENT
 */
function refuseRestoredProject(root: string, namedRoot: string): void {
  const restored = readRestored(root);
  const [project] = restored?.resolveFrom ?? [];
  if (restored?.kind !== "project" || project === undefined) return;
  throw new EnvpackError("NOT_AN_ENVIRONMENT", "this was restored from an archive, and the project lies in it", {
    path: namedRoot,
    hint: `pack the project: \`envpack pack ${quoteForShell(join(namedRoot, project))}\``,
  });
}

function notAnEnvironment(path: string): EnvpackError {
  return new EnvpackError("NOT_AN_ENVIRONMENT", "there is neither a package.json in this folder nor a bin/node", {
    path,
    hint: "name the folder of a Node.js project, or of a runtime or global prefix",
  });
}

function notAPrefix(path: string): EnvpackError {
  return new EnvpackError("NOT_AN_ENVIRONMENT", "this is no prefix: it holds no runtime and no global packages", {
    path,
    hint: "name a folder with bin/node or lib/node_modules, or the global folder of pnpm, Yarn 1, Bun or Deno",
  });
}
