import { mkdtemp } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { META } from "./archive/entry.js";
import { checkAddons } from "./doctor/addons.js";
import type { Finding } from "./doctor/finding.js";
import { checkMemory } from "./doctor/memory.js";
import { checkFolder, checkTarget, type Content } from "./doctor/place.js";
import { checkPlatform } from "./doctor/platform.js";
import { checkRuntime } from "./doctor/runtime.js";
import { checkVariables } from "./doctor/variables.js";
import { extractArchive } from "./engine/extract.js";
import { decodeManifest } from "./manifest/decode.js";
import { readHost, type Host } from "./manifest/host.js";
import type { CommonOptions } from "./options.js";
import { openPacked, type Packed } from "./packed.js";
import { readRelocation } from "./relocate/apply.js";
import { decodeFixups } from "./relocate/fixup-file.js";
import { refuseLayer } from "./restore/base.js";
import { removeTree } from "./restore/remove-tree.js";

export type { Finding };

export interface DoctorOptions extends CommonOptions {
  /** A restored environment or an archive; without it only the machine is looked at. */
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
  const path = options.path === undefined ? null : resolve(options.path);
  return { ok: findings.every(({ status }) => status !== "fails"), path, findings };
}

async function checkSubject(options: DoctorOptions, host: Host, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  if (options.path === undefined) {
    const place = await checkTarget(resolve(options.target ?? "."), { entries: [], bytes: 0, fixups: [] });
    return [checkPlatform(null, host), ...place, ...(await checkMemory(process.execPath, env))];
  }
  const packed = await openPacked(options.path, { signal: options.signal });
  try {
    refuseLayer(packed.manifest, packed.path);
    const fixups = decodeFixups(await packed.readMeta(META.fixups));
    const content: Content = { entries: packed.index.entries, bytes: packed.index.totals.bytes, fixups };
    return packed.kind === "folder" ? await checkRestored(packed, content, host, env) : await checkArchive(packed, content, host, { ...options, env });
  } finally {
    await packed.close();
  }
}

async function checkArchive(packed: Packed, content: Content, host: Host, options: DoctorOptions & { readonly env: NodeJS.ProcessEnv }): Promise<Finding[]> {
  return [
    checkPlatform(packed.manifest, host),
    await checkRuntime(packed.manifest, null, options.env.PATH),
    ...(await checkPackedAddons(packed, content, host, options)),
    ...(await checkTarget(resolve(options.target ?? "."), content)),
    ...(await checkMemory(process.execPath, options.env)),
  ];
}

async function checkRestored({ path, manifest }: Packed, content: Content, host: Host, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const relocation = await readRelocation(path);
  const node = manifest.runtime === null ? process.execPath : join(path, "bin/node");
  return [
    checkPlatform(manifest, host),
    await checkRuntime(manifest, path, env.PATH),
    ...(await checkAddons(path, manifest, host)),
    ...(await checkFolder(path, content, relocation?.root ?? null)),
    ...(await checkMemory(node, env)),
  ];
}

/** The native files alone are restored for a moment, and with them the libraries that they bring along. */
async function checkPackedAddons(packed: Packed, { entries }: Content, host: Host, options: DoctorOptions): Promise<Finding[]> {
  const wanted = new Set(entries.filter(({ path }) => /\.node$|\.so(\.\d+)*$/.test(path)).map(({ path }) => path));
  const scratch = await mkdtemp(join(tmpdir(), "envpack-doctor-"));
  try {
    if (wanted.size > 0) {
      await extractArchive({ kind: "file", path: packed.path }, scratch, {
        threads: options.threads ?? availableParallelism(),
        only: (path) => wanted.has(path),
        signal: options.signal,
        onManifest: (bytes) => decodeManifest(bytes).totals,
      });
    }
    return await checkAddons(scratch, packed.manifest, host);
  } finally {
    await removeTree(scratch);
  }
}
