import { existsSync } from "node:fs";
import { chmod, lstat, readdir, realpath } from "node:fs/promises";
import { join, resolve } from "node:path";
import { copy } from "fs-extra/esm";
import { isFolder, openEnvironment, unsignedFolder } from "../../inspect/open-environment.js";
import { META } from "../../archive/entry.js";
import { ENVIRONMENT_FOLDER } from "../../plan/layout.js";
import { foreignPackages } from "../../native/foreign-packages.js";
import { assertRunsHere, readHost } from "../../manifest/host.js";
import type { Manifest } from "../../manifest/manifest.js";
import { readPackageJson, type Source, type Subject } from "../../evidence/prove/subject.js";
import { digestFile } from "../../support/digest.js";
import { EnvpackError } from "../../support/errors.js";
import { readShortText } from "../../support/read-text.js";
import { emulatorOf } from "./emulator.js";
import { pack } from "../pack/pack.js";
import { unpack } from "../unpack.js";
import type { ProvedArchive, ProveOptions } from "./prove-types.js";

/** What is to be proved, at a place of the proof's own. */
export interface Prepared {
  readonly subject: Subject;
  /** The archive that was named; null: a folder was. */
  readonly archive: ProvedArchive | null;
  /** The emulator that runs it; null: this machine does. */
  readonly emulator: string | null;
}

/**
 * Restores an archive, copies a restored environment, or packs a project and restores that: below `folder`, which is
 * the proof's own.
 */
export async function prepareSubject(options: ProveOptions, folder: string): Promise<Prepared> {
  const { signal, onProgress, threads } = options;
  const path = resolve(options.path);
  const tree = join(folder, "restored/at/another/depth/env");
  if (!(await isFolder(path))) return prepareArchive(path, tree, options);
  if (options.verifyKeys !== undefined || options.signature !== undefined) throw unsignedFolder(path);
  if (await isRestored(path)) {
    const opened = await openEnvironment(path);
    await opened.close();
    await copy(await realpath(path), tree, { preserveTimestamps: true });
    return finish(options, tree, opened.manifest, null, null);
  }
  const archive = join(folder, "packed.tar");
  const { manifest } = await pack({ path, output: archive, reuse: false, signal, onProgress, threads });
  await unpack({ archive, target: tree, forcePlatform: true, signal, onProgress, threads });
  return finish(options, tree, manifest, null, await realpath(path));
}

async function prepareArchive(path: string, tree: string, options: ProveOptions): Promise<Prepared> {
  const { verifyKeys, signature, signal, onProgress, threads } = options;
  const opened = await openEnvironment(path, { verifyKeys, signature, signal });
  const { manifest, archive } = opened;
  await opened.close();
  if (manifest.layer !== undefined)
    throw new EnvpackError("USAGE", "a layer does not run by itself", { path, hint: "unpack it --onto its base, and prove the folder" });
  const { sha256 } = await digestFile(path);
  const indexSha256 = archive?.indexSha256 ?? "";
  await unpack({ archive: path, target: tree, forcePlatform: true, verifyKeys, signature, signal, onProgress, threads });
  if ((await digestFile(path)).sha256 !== sha256)
    throw new EnvpackError("SOURCE_CHANGED", "the archive changed while it was read", {
      path,
      hint: "prove it when whoever writes it is done",
    });
  return finish(options, tree, manifest, { path, sha256, indexSha256 }, null);
}

async function finish(
  options: ProveOptions,
  tree: string,
  manifest: Manifest,
  archive: ProvedArchive | null,
  origin: string | null,
): Promise<Prepared> {
  const emulator = await emulatorFor(manifest, options);
  await openToAll(tree);
  const folder = await findSource(options, manifest, origin);
  return { subject: { tree, manifest, source: folder === null ? null : placeSource(folder, manifest) }, archive, emulator };
}

/** What was made for another platform needs an emulator that the kernel starts by itself. */
async function emulatorFor(manifest: Manifest, { like, image }: ProveOptions): Promise<string | null> {
  const host = await readHost();
  const { os, arch } = manifest.platform;
  if (os === host.os && arch === host.arch) {
    // Another root has another C library, which is then what decides.
    if (like !== undefined || image !== undefined) return null;
    assertRunsHere(manifest, host);
    const foreign = foreignPackages(manifest, host);
    if (foreign !== null) throw new EnvpackError("PLATFORM_MISMATCH", foreign, { hint: "prove it on a machine of its platform" });
    return null;
  }
  const emulator = os === host.os ? emulatorOf(arch) : null;
  if (emulator === null) {
    throw new EnvpackError("PLATFORM_MISMATCH", `it was made for ${os}-${arch}, and no emulator for that is registered here`, {
      hint: "prove it on a machine of its platform, or register one (binfmt-support with qemu-user-static)",
    });
  }
  if (like !== undefined || image !== undefined) return emulator;
  throw new EnvpackError("PLATFORM_MISMATCH", `it was made for ${os}-${arch}, whose system is not this machine's`, {
    hint: "name a root file system of that platform with --like or --image",
  });
}

/** A strict umask would hide from the worker's user what an archive opens to all. */
async function openToAll(folder: string): Promise<void> {
  if ((process.umask() & 0o055) === 0) return;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink()) continue;
    const { mode } = await lstat(path);
    await chmod(path, mode | 0o044 | ((mode & 0o100) === 0 ? 0 : 0o011));
    if (entry.isDirectory()) await openToAll(path);
  }
}

/** The place where it was made: the project that was named, or the current folder where that is the same project. */
async function findSource({ source }: ProveOptions, manifest: Manifest, origin: string | null): Promise<string | null> {
  if (source !== undefined) {
    if (!(await isFolder(resolve(source))))
      throw new EnvpackError("USAGE", "the source is no folder", {
        path: source,
        hint: "name the folder that the environment was packed from",
      });
    return realpath(resolve(source));
  }
  if (origin !== null) return origin;
  return manifest.kind === "project" && isSameProject(resolve("."), manifest) ? realpath(".") : null;
}

/**
 * Where a folder stands in the environment. Of a workspace's member the whole workspace is the source: its packages lie there.
 *
 * @param folder the member's, or its workspace's
 */
function placeSource(folder: string, { kind, resolveFrom: [first = ""] }: Manifest): Source {
  if (kind !== "project") return { folder, arcpath: "" };
  const base = ENVIRONMENT_FOLDER.project;
  const member = first.startsWith(`${base}/`) ? first.slice(base.length + 1) : "";
  if (member === "" || existsSync(join(folder, member))) return { folder, arcpath: base };
  if (folder.endsWith(`/${member}`)) return { folder: folder.slice(0, -member.length - 1), arcpath: base };
  return { folder, arcpath: first };
}

function isSameProject(folder: string, { name, version }: Manifest): boolean {
  if (readPackageJson(folder) === null) return false;
  const own = JSON.parse(readShortText(join(folder, "package.json")).replace(/^\uFEFF/, "")) as {
    name?: unknown;
    version?: unknown;
  } | null;
  return own?.name === name && (own.version ?? null) === version;
}

async function isRestored(folder: string): Promise<boolean> {
  return (await lstat(join(folder, META.manifest)).catch(() => null)) !== null;
}
