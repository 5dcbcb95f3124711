import { mkdtemp } from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { META } from "../../archive/entry.js";
import { checkAddons } from "./addons.js";
import type { Finding } from "./finding.js";
import { checkNamed } from "../image/packed-image.js";
import type { RegistryAccess } from "../image/options.js";
import { checkMemory } from "./memory.js";
import { checkFolder, checkTarget, type Content } from "./place.js";
import { checkPlatform } from "./platform.js";
import { checkRuntime } from "./runtime.js";
import { checkStructure, isForeign } from "./structure.js";
import { checkVariables } from "./variables.js";
import { extractArchive } from "../../engine/read/extract.js";
import { chooseThreads } from "../../engine/threads.js";
import { readHost, type Host } from "../../manifest/host.js";
import type { CommonOptions } from "../../support/options.js";
import { openEnvironment, type OpenedEnvironment } from "../../inspect/open-environment.js";
import { readRelocation } from "../../relocate/apply.js";
import { decodeFixups } from "../../manifest/fixup-file.js";
import { refuseLayer } from "../../restore/base.js";
import { removeTree } from "../../support/remove-tree.js";

export type { Finding };

export interface DoctorOptions extends CommonOptions, RegistryAccess {
  /** A restored environment, an archive, or an image; without it only the machine is looked at. */
  readonly path?: string;
  /** Of an archive: where it is to be unpacked. By default the current folder. */
  readonly target?: string;
  /** The environment variables to judge; by default this process's. */
  readonly env?: NodeJS.ProcessEnv;
}

export interface DoctorResult {
  /** Whether nothing is known that will fail. */
  readonly ok: boolean;
  /** Absolute; null where only the machine was looked at. */
  readonly path: string | null;
  readonly findings: readonly Finding[];
}

/** What will not work on this machine, and why, before anything is started. Writes nothing that stays. */
export async function doctor(options: DoctorOptions = {}): Promise<DoctorResult> {
  const env = options.env ?? process.env;
  const host = await readHost();
  const findings = [...(await checkSubject(options, host, env)), ...checkVariables(env)];
  const path = options.path === undefined ? null : existsSync(options.path) ? resolve(options.path) : options.path;
  return { ok: findings.every(({ status }) => status !== "fails"), path, findings };
}

async function checkSubject(options: DoctorOptions, host: Host, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  if (options.path === undefined) {
    const place = await checkTarget(resolve(options.target ?? "."), { entries: [], bytes: 0, fixups: [] });
    return [checkPlatform(null, host), ...place, ...(await checkMemory(process.execPath, env))];
  }
  const image = await checkNamed(options.path, options);
  if (image !== null) return [checkPlatform(image.manifest, host), ...image.findings];
  const packed = await openEnvironment(options.path, { signal: options.signal });
  try {
    refuseLayer(packed.manifest, packed.path);
    const fixups = decodeFixups(await packed.readMeta(META.fixups));
    const content: Content = { entries: packed.index.entries, bytes: packed.index.totals.bytes, fixups };
    return packed.kind === "folder"
      ? await checkRestored(packed, content, host, env)
      : await checkArchive(packed, content, host, { ...options, env });
  } finally {
    await packed.close();
  }
}

async function checkArchive(
  packed: OpenedEnvironment,
  content: Content,
  host: Host,
  options: DoctorOptions & { readonly env: NodeJS.ProcessEnv },
): Promise<Finding[]> {
  return [
    checkPlatform(packed.manifest, host),
    await checkRuntime(packed.manifest, null, options.env.PATH),
    ...(await checkPackedAddons(packed, content, host, options)),
    ...(await checkTarget(resolve(options.target ?? "."), content)),
    ...(await checkMemory(process.execPath, options.env)),
  ];
}

async function checkRestored(
  { path, manifest }: OpenedEnvironment,
  content: Content,
  host: Host,
  env: NodeJS.ProcessEnv,
): Promise<Finding[]> {
  const relocation = await readRelocation(path);
  const node = manifest.runtime === null ? process.execPath : join(path, "bin/node");
  return [
    checkPlatform(manifest, host),
    await checkRuntime(manifest, path, env.PATH),
    ...(isForeign(manifest, host) ? checkStructure(path, manifest) : await checkAddons(path, manifest, host)),
    ...(await checkFolder(path, content, relocation?.root ?? null)),
    ...(await checkMemory(node, env)),
  ];
}

/** The native files alone (for other machines the node as well) are restored for a moment, and with them the libraries that they bring along. */
async function checkPackedAddons(packed: OpenedEnvironment, { entries }: Content, host: Host, options: DoctorOptions): Promise<Finding[]> {
  const foreign = isForeign(packed.manifest, host);
  const pattern = foreign ? /\.(node|so(\.\d+)*|dylib|dll)$|^bin\/node(\.exe)?$/ : /\.node$|\.so(\.\d+)*$/;
  const wanted = new Set(entries.filter(({ path }) => pattern.test(path)).map(({ path }) => path));
  const scratch = await mkdtemp(join(tmpdir(), "envpack-doctor-"));
  try {
    if (wanted.size > 0) {
      await extractArchive({ kind: "file", path: packed.path }, scratch, {
        threads: chooseThreads(options.threads),
        only: (path) => wanted.has(path),
        signal: options.signal,
      });
    }
    return foreign ? checkStructure(scratch, packed.manifest) : await checkAddons(scratch, packed.manifest, host);
  } finally {
    await removeTree(scratch);
  }
}
