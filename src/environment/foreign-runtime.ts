import { createReadStream, statSync } from "node:fs";
import { dirname, join } from "node:path";
import semver from "semver";
import { EnvpackError } from "../support/errors.js";
import { readHost } from "../manifest/host.js";
import { tripleOf } from "../manifest/target.js";
import { THIS_MACHINE } from "../support/this-machine.js";
import { readShortText } from "../support/read-text.js";
import { readBinaryPlatform, type BinaryPlatform } from "../native/binary-platform.js";
import { asText, parseObject } from "./package-json.js";

/** What a node tells of itself without being run. */
export interface ForeignFacts {
  readonly version: string;
  readonly abi: string;
  readonly napi: string;
  readonly os: string;
  readonly arch: string;
}

type VersionFacts = Omit<ForeignFacts, "os" | "arch">;

/** Where a node binary is for another platform than this machine's, what it is for; null where it may be run here, or is no binary. */
export async function foreignPlatform(binary: string): Promise<BinaryPlatform | null> {
  const found = readHeaderOf(binary);
  if (found === null) return null;
  const { os, arch, alsoFor = [], libc } = found;
  if (os !== THIS_MACHINE.os || ![arch, ...alsoFor].includes(THIS_MACHINE.arch)) return found;
  const host = libc === null ? null : (await readHost()).libc;
  return host === null || host === libc ? null : found;
}

/** A pipe would be waited for without end; what may be run and not read is run. */
function readHeaderOf(binary: string): BinaryPlatform | null {
  try {
    return statSync(binary).isFile() ? readBinaryPlatform(binary) : null;
  } catch {
    return null;
  }
}

/**
 * Reads what a node for another platform is, and does not run it: its platform from its header, its version from what
 * every release holds in itself (the address of its own header files, the settings that it was built with), else from
 * the header files or the package.json that lie beside it.
 *
 * @throws EnvpackError RUNTIME_NOT_FOUND where none of these tells
 */
export async function readForeignFacts(binary: string, platform: BinaryPlatform, signal?: AbortSignal): Promise<ForeignFacts> {
  const { os, arch } = platform;
  if (arch === null) throw notFound(binary, `this program is for ${os}, and its header does not tell for which processor`);
  const inside = await searchBinary(binary, signal);
  const header = readHeader(binary);
  const version = inside.version ?? header?.version ?? packageVersion(binary);
  const abi = inside.abi ?? header?.abi ?? null;
  if (version === null || abi === null)
    throw notFound(
      binary,
      `this program is for ${tripleOf({ os, arch, libc: platform.libc })}, so it is not run, and nothing in it or beside it tells that it is a node`,
    );
  return { version, abi, napi: inside.napi ?? header?.napi ?? "0", os, arch };
}

function notFound(binary: string, message: string): EnvpackError {
  return new EnvpackError("RUNTIME_NOT_FOUND", message, {
    path: binary,
    hint: "name the node of an unpacked release: its folder has bin/node and include/node/node_version.h",
  });
}

/** Each stands in a release as plain text: process.release.headersUrl, and config.gypi. */
const IN_BINARY = {
  version: /nodejs\.org\/download\/[a-z-]+\/v(\d{1,4}\.\d{1,4}\.\d{1,4}[\w.-]{0,64})\/node-/,
  abi: /"node_module_version": ?"?(\d{1,4})\b/,
  napi: /"napi_build_version": ?"?(\d{1,9})\b/,
} as const;
/** Longer than any of these texts: a text that two pieces of the file share is not missed. */
const OVERLAP = 256;

async function searchBinary(binary: string, signal: AbortSignal | undefined): Promise<Record<keyof VersionFacts, string | null>> {
  const found: Record<keyof VersionFacts, string | null> = { version: null, abi: null, napi: null };
  let before = "";
  for await (const bytes of createReadStream(binary, { highWaterMark: 1 << 20, signal })) {
    const piece = before + (bytes as Buffer).toString("latin1");
    for (const key of ["version", "abi", "napi"] as const) found[key] ??= IN_BINARY[key].exec(piece)?.[1] ?? null;
    if (found.version !== null && found.abi !== null && found.napi !== null) break;
    before = piece.slice(-OVERLAP);
  }
  return found;
}

/** `include/node/node_version.h` of the release that the binary lies in: in bin/, or on Windows at its top. */
function readHeader(binary: string): VersionFacts | null {
  const text = textBeside(binary, "include/node/node_version.h");
  if (text === null) return null;
  const define = (key: string): string | null => new RegExp(`#\\s*define ${key}\\s+(\\d+)`).exec(text)?.[1] ?? null;
  const version = ["NODE_MAJOR_VERSION", "NODE_MINOR_VERSION", "NODE_PATCH_VERSION"].map(define).join(".");
  const abi = define("NODE_MODULE_VERSION");
  return semver.valid(version) === null || abi === null ? null : { version, abi, napi: define("NODE_API_SUPPORTED_VERSION_MAX") ?? "0" };
}

/** Of the registry's package that the binary came in: "20.20.2", and some have "v24.0.0". */
function packageVersion(binary: string): string | null {
  const fields = parseObject(textBeside(binary, "package.json") ?? "");
  return /^node(-|$)/.test(asText(fields?.name) ?? "") ? semver.valid(asText(fields?.version)) : null;
}

function textBeside(binary: string, name: string): string | null {
  for (const folder of [dirname(dirname(binary)), dirname(binary)]) {
    try {
      return readShortText(join(folder, name));
    } catch {
      // Not there, or nothing that can be read: the next place.
    }
  }
  return null;
}
