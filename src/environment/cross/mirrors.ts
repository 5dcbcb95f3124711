import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { EnvpackError } from "../../support/errors.js";
import { readShortText } from "../../support/read-text.js";
import { findInstalled } from "../installed.js";
import { readSetting } from "../managers/settings.js";
import { asObject, asText, parseObject } from "../package-json.js";
import { findLocalPackages } from "./local-packages.js";
import { tripleOf } from "../../manifest/target.js";
import { lastWords, startProgram, type Failure } from "./start-program.js";
import type { TargetPlatform } from "./triple.js";

/** A tool by which install scripts fetch a binary that somebody built, and how it is told for what. */
interface Fetcher {
  readonly package: string;
  /** Inside of its package. */
  readonly file: string;
  /** What stands in an install script, with the arguments that are the package's own. */
  readonly script: RegExp;
  readonly args: (own: readonly string[], target: TargetPlatform, node: string) => readonly string[];
}

const FETCHERS: readonly Fetcher[] = [
  {
    package: "prebuild-install",
    file: "bin.js",
    script: /\bprebuild-install\b([^|&;]*)/,
    args: (own, { os, arch, libc }, node) => [
      ...own,
      "--target",
      node,
      "--platform",
      os,
      "--arch",
      arch,
      ...(libc === "musl" ? ["--libc", libc] : []),
    ],
  },
  {
    package: "@mapbox/node-pre-gyp",
    file: "bin/node-pre-gyp",
    script: /\bnode-pre-gyp\b[^|&;]*\binstall\b/,
    args: (_, { os, arch, libc }, node) => [
      "install",
      "--fallback-to-build=false",
      `--target_platform=${os}`,
      `--target_arch=${arch}`,
      // It knows the versions that were there before it; of the one that runs it, it asks Node.
      ...(node === process.versions.node ? [] : [`--target=${node}`]),
      ...(libc === null ? [] : [`--target_libc=${libc}`]),
    ],
  },
];

/**
 * Both tools load what they fetched where it is for the system and processor that they run on. Nothing that packages bring
 * is run here, and what is for another C library could not be: so they are told that this processor is none that they know.
 */
const WITHOUT_TRIAL = 'Object.defineProperty(process, "arch", { value: "unknown" }); require(process.argv[1]);';

/** Whether an install script fetches a binary by a tool that can be told of a mirror. */
export function hasFetcher(script: string): boolean {
  return FETCHERS.some((one) => one.script.test(script));
}

/** What fetching is told. */
export interface MirrorRequest {
  /** Of what was installed. */
  readonly root: string;
  /** Folders with a node_modules, relative to the root. */
  readonly importers: readonly string[];
  readonly target: TargetPlatform;
  /** The version of Node.js that goes in, as far as it is known. */
  readonly node: string;
  readonly signal?: AbortSignal;
}

/**
 * Fetches the binaries of packages for which the user named a mirror, by the tool that their install script would use:
 * nothing else of a script is run, and nothing is fetched from anywhere else.
 *
 * @throws EnvpackError NATIVE_UNAVAILABLE where a mirror has none for the target
 */
export async function fetchFromMirrors({ root, importers, target, node, signal }: MirrorRequest): Promise<void> {
  for (const path of [...findInstalled(root, importers).map((one) => one.path), ...findLocalPackages(root, importers)]) {
    const folder = join(root, path);
    const fields = readFields(folder);
    const name = asText(fields?.name);
    const script = asText(asObject(fields?.scripts)?.install);
    const fetcher = FETCHERS.find((one) => script !== null && one.script.test(script));
    const mirror = fetcher === undefined || name === null ? null : findMirror(root, name, asText(asObject(fields?.binary)?.module_name));
    if (fetcher === undefined || script === null || mirror === null) continue;
    const tool = findTool(folder, root, fetcher);
    if (tool === null) continue;
    const own = (fetcher.script.exec(script)?.[1] ?? "").split(/\s+/).filter((word) => word !== "");
    const { os, arch, libc } = target;
    const env = {
      ...process.env,
      ...mirror,
      npm_config_platform: os,
      npm_config_arch: arch,
      npm_config_libc: libc === "musl" ? libc : "",
      // Each is told by its own arguments.
      npm_config_target: undefined,
      npm_config_build_from_source: "false",
    };
    try {
      await startProgram([process.execPath, "-e", WITHOUT_TRIAL, tool], fetcher.args(own, target, node), { cwd: folder, env, signal });
    } catch (error) {
      if (signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted", { cause: error });
      const { stderr = "", stdout = "" } = error as Failure;
      throw new EnvpackError(
        "NATIVE_UNAVAILABLE",
        `the mirror of ${name ?? path} has no binary for ${tripleOf(target)}: ${lastWords(`${stderr}\n${stdout}`)}`,
        {
          path: folder,
          hint: `give the binary with \`--prebuilt ${name ?? ""}=FILE\`, or pack on a machine of that platform`,
          cause: error,
        },
      );
    }
  }
}

/** The user's settings for a package, as npm hands them to scripts: by variables, else by the project's `.npmrc`. */
function findMirror(root: string, name: string, moduleName: string | null): NodeJS.ProcessEnv | null {
  const words = [...new Set([name, moduleName ?? name])].map((one) => one.replace(/^@/, "").replace(/[^a-zA-Z0-9]/g, "_"));
  const keys = words.flatMap((word) => [`${word}_binary_host`, `${word}_binary_host_mirror`]);
  for (const key of keys) {
    const value = process.env[`npm_config_${key}`] ?? readSetting(root, ".npmrc", [key]);
    // Each tool reads one of these words: said by the other one it would go to the package's own host.
    if (value !== null && value !== undefined && value !== "")
      return Object.fromEntries(spellings(keys, moduleName).map((one) => [`npm_config_${one}`, value]));
  }
  return null;
}

/** node-pre-gyp makes a variable of a module's name by its first "-" alone. */
function spellings(keys: readonly string[], moduleName: string | null): readonly string[] {
  return moduleName === null ? keys : [...keys, `${moduleName.replace("-", "_")}_binary_host_mirror`];
}

function findTool(from: string, root: string, { package: name, file }: Fetcher): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    const tool = join(folder, "node_modules", name, file);
    if (existsSync(tool)) return tool;
    if (folder === root || folder === dirname(folder)) return null;
  }
}

function readFields(folder: string): Readonly<Record<string, unknown>> | null {
  try {
    return parseObject(readShortText(join(folder, "package.json")));
  } catch {
    return null;
  }
}
