import { tripleOf } from "../../manifest/target.js";
import { EnvpackError } from "../../support/errors.js";
import { chooseRuntime, type RuntimeChoice } from "../choose-runtime.js";
import { isUnreachable } from "../npm-command.js";
import { fetchRuntime, noPackage } from "../registry-runtime.js";
import type { Runtime } from "../runtime.js";
import { nodePackageFor } from "./node-packages.js";
import { isThisMachine, type TargetPlatform } from "./triple.js";

/**
 * The runtime for another platform, or for this machine's where that was named: by default the version that runs
 * envpack, and where the registry has none of that for the platform the newest of its line.
 *
 * @throws EnvpackError RUNTIME_NOT_FOUND where there is none for the platform, and where the one that is named is for another
 */
export async function chooseRuntimeFor(
  target: TargetPlatform,
  { node, ...choice }: Omit<RuntimeChoice, "node"> & { readonly node?: string },
): Promise<Runtime | null> {
  await checkRuntimeFor(target, node);
  if (node === undefined && !(await isThisMachine(target))) return withoutNpm(await fetchSameVersion(target, choice), choice);
  const runtime = await chooseRuntime({ ...choice, node: node ?? "current", target });
  if (runtime === null || isFor(runtime, target)) return runtime;
  throw otherPlatform(target, `this node is for ${tripleOf(runtime)}`, "name one of that platform, a version, or none", runtime.binary);
}

/**
 * Looks whether there can be such a runtime, before anything is installed for it.
 *
 * @throws EnvpackError RUNTIME_NOT_FOUND
 */
export async function checkRuntimeFor(target: TargetPlatform, node: string | undefined): Promise<void> {
  if ((node !== undefined && node !== "current") || (await isThisMachine(target))) return;
  if (node === "current")
    throw otherPlatform(
      target,
      "the Node.js that runs here is for this machine",
      "name a version, as `--node 22`, or a node of that platform with `--node PATH`",
    );
  if (nodePackageFor(target) === null) throw noPackage(target, false);
}

async function fetchSameVersion(target: TargetPlatform, choice: Omit<RuntimeChoice, "node">): Promise<Runtime> {
  const { node: version } = process.versions;
  try {
    return await chosen(`>=${version} <=${version}`);
  } catch (error) {
    if (!(error instanceof EnvpackError) || error.code !== "RUNTIME_NOT_FOUND" || isUnreachable(error) || error.cause !== undefined)
      throw error;
    const runtime = await chosen(version.split(".")[0] ?? version);
    choice.uses?.notices.push({
      code: "RUNTIME_OTHER_VERSION",
      message: `Node.js ${runtime.version} goes in: of ${version}, which runs here, the registry has no build for ${tripleOf(target)}`,
    });
    return runtime;
  }

  function chosen(wanted: string): Promise<Runtime> {
    return fetchRuntime(wanted, { ...choice, uses: need(choice), target });
  }
}

function need({ uses }: Pick<RuntimeChoice, "uses">): NonNullable<RuntimeChoice["uses"]> {
  if (uses === undefined) throw new Error("a runtime is brought by whoever keeps the cache's uses");
  return uses;
}

function withoutNpm(runtime: Runtime, { withNpm }: Pick<RuntimeChoice, "withNpm">): Runtime {
  return withNpm === false ? { ...runtime, tools: new Map([...runtime.tools].filter(([name]) => name !== "npm")) } : runtime;
}

/** A node whose C library is not known may be right. */
function isFor({ os, arch, libc }: Runtime, target: TargetPlatform): boolean {
  return os === target.os && arch === target.arch && (libc === null || target.libc === null || libc === target.libc);
}

function otherPlatform(target: TargetPlatform, what: string, hint: string, path?: string): EnvpackError {
  return new EnvpackError("RUNTIME_NOT_FOUND", `${what}, and what is packed is for ${tripleOf(target)}`, { path, hint });
}
