import { join } from "node:path";
import semver from "semver";
import { readBinaryPlatform } from "../native/binary-platform.js";
import { EnvpackError } from "../support/errors.js";
import { THIS_MACHINE } from "../support/this-machine.js";
import { tripleOf } from "../manifest/target.js";
import { nodePackageFor } from "./cross/node-packages.js";
import type { TargetPlatform } from "./cross/triple.js";
import { readForeignFacts } from "./foreign-runtime.js";
import { asObject, asText } from "./package-json.js";
import { fetchPackage } from "./registry-package.js";
import { Registry, type RegistryOptions } from "./registry.js";
import { readElfFacts, readRuntimeFacts } from "./runtime-facts.js";
import type { Runtime } from "./runtime.js";

/** Milliseconds. A release line is "current" for its first half year, then "LTS" (github.com/nodejs/release). */
const HALF_YEAR = 180 * 24 * 3600 * 1000;
/** Up to this line only even ones became LTS, from then on every one does. */
const LAST_ODD_LINE = 26;

/** What is asked of the registry, and for which platform; by default this machine's. */
export type RuntimeRequest = RegistryOptions & { readonly target?: TargetPlatform };

/**
 * Brings a runtime from the registry: `node-<os>-<arch>` for the binary, `npm` for npm, both through the
 * user's npm.
 *
 * @param wanted a version ("22.11.0", "v22"), a range ("^20.19"), "latest" or "lts"
 */
export async function fetchRuntime(wanted: string, { target, ...options }: RuntimeRequest): Promise<Runtime> {
  const { uses, signal } = options;
  const platform = target ?? { ...THIS_MACHINE, libc: isOnMusl() ? "musl" : null };
  const name = nodePackageFor(platform);
  if (name === null) throw noPackage(platform, target === undefined);
  const registry = await Registry.open(options);
  const version = semver.valid(wanted) ?? (await chooseVersion({ name, platform: tripleOf(platform) }, wanted, registry));
  const home = await fetchPackage(name, version, registry, uses);
  const binary = join(home, platform.os === "win32" ? "bin/node.exe" : "bin/node");
  const { execPath: _execPath, ...facts } = await readFacts(binary, signal);
  const npm = options.withNpm === false ? null : await fetchNpm(version, registry, uses);
  return { ...facts, binary, tools: new Map(npm === null ? [] : [["npm", npm]]), origin: "registry", registry: registry.url ?? undefined };
}

function isOnMusl(): boolean {
  return THIS_MACHINE.os === "linux" && readElfFacts(process.execPath).libc === "musl";
}

/** There is no build for a platform. */
export function noPackage(platform: TargetPlatform, isHere: boolean): EnvpackError {
  const what =
    platform.libc === "musl"
      ? "the registry has no node for systems with musl, such as Alpine"
      : `the registry has no node for ${tripleOf(platform)}`;
  return new EnvpackError("RUNTIME_NOT_FOUND", what, {
    hint: isHere
      ? "pack the node that runs here with `--node current`"
      : "name a node of that platform with `--node PATH`, or leave it to the machine's own with `--node none`",
  });
}

async function chooseVersion(
  { name, platform }: { readonly name: string; readonly platform: string },
  wanted: string,
  registry: Registry,
): Promise<string> {
  return registry.ask(
    `the version of ${name} for ${JSON.stringify(wanted)}`,
    ["view", name, "time"],
    (answer) => pickVersion(answer, wanted, platform),
    isVersion,
  );
}

function pickVersion(answer: unknown, wanted: string, platform: string): string {
  const times = new Map(Object.entries(asObject(answer) ?? {}).filter(([version]) => semver.valid(version) !== null));
  const versions = [...times.keys()].filter((version) => semver.prerelease(version) === null).sort(semver.rcompare);
  const found = versions.find((version) => isWanted(version, wanted, times));
  if (found !== undefined) return found;
  throw new EnvpackError("RUNTIME_NOT_FOUND", `the registry has no node ${JSON.stringify(wanted)} for ${platform}`, {
    hint: versions[0] === undefined ? undefined : `the newest is ${versions[0]}`,
  });
}

function isVersion(text: string): boolean {
  return semver.valid(text) === text;
}

function isWanted(version: string, wanted: string, times: ReadonlyMap<string, unknown>): boolean {
  const name = wanted.toLowerCase().replace(/^lts\/\*$/, "lts");
  if (name === "latest" || name === "node") return true;
  if (name !== "lts") return semver.satisfies(version, wanted);
  const line = semver.major(version);
  if (line % 2 === 1 && line <= LAST_ODD_LINE) return false;
  const begun = Date.parse(asText(times.get(`${line}.0.0`)) ?? "");
  return begun + HALF_YEAR < Date.now();
}

/** A binary of another build may not run here; then what it came with tells. */
async function readFacts(binary: string, signal: AbortSignal | undefined): ReturnType<typeof readRuntimeFacts> {
  try {
    return await readRuntimeFacts(binary, signal);
  } catch (error) {
    const platform = readBinaryPlatform(binary);
    if (platform === null || (error as EnvpackError).code !== "RUNTIME_NOT_FOUND") throw error;
    return { ...(await readForeignFacts(binary, platform, signal)), execPath: binary, ...readElfFacts(binary) };
  }
}

/** The newest npm that says it runs on this node; null where none does. */
async function fetchNpm(node: string, registry: Registry, uses: RegistryOptions["uses"]): Promise<string | null> {
  const question = `the npm for node ${node}`;
  const version = await registry.ask(
    question,
    ["view", "npm@>=6", "version", "engines.node"],
    (answer) => pickNpm(answer, node),
    (text) => text === "none" || isVersion(text),
  );
  return version === "none" ? null : fetchPackage("npm", version, registry, uses);
}

function pickNpm(answer: unknown, node: string): string {
  const rows = (Array.isArray(answer) ? answer : [answer]).map(asObject);
  const fitting = rows
    .filter((row) => semver.satisfies(node, asText(row?.["engines.node"]) ?? "*"))
    .map((row) => asText(row?.version) ?? "")
    .filter((version) => semver.valid(version) !== null && semver.prerelease(version) === null);
  return fitting.sort(semver.rcompare)[0] ?? "none";
}
