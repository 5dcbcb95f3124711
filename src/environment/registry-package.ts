import { createHash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { extract } from "tar";
import { EnvpackError, explainError } from "../errors.js";
import { userCache } from "../user-cache.js";
import { askNpm } from "./npm-command.js";
import { asObject, asText } from "./package-json.js";

/** A package of the registry, one version of it. */
export interface PackageRequest {
  readonly name: string;
  /** Exact. */
  readonly version: string;
  /** The one file in it that is used; its digest is kept, so that a cache that was changed is noticed. */
  readonly file: string;
  readonly folder: string;
  readonly signal?: AbortSignal;
}

/** Where the digest of `file` is kept beside what was extracted. */
const SEAL = "seal.json";

/**
 * Brings a package from the registry into envpack's cache, `$XDG_CACHE_HOME/envpack` or
 * `~/.cache/envpack`, and returns its folder. The tarball is checked against the registry's
 * integrity before anything of it is used; a cached one is checked against its own seal and
 * needs no network.
 */
export async function fetchPackage(request: PackageRequest): Promise<string> {
  const target = join(userCache(), `${request.name}-${request.version}`);
  const cached = join(target, "package");
  if (await isSealed(target, request.file)) return cached;
  const staging = `${target}.${process.pid}.${randomBytes(4).toString("hex")}`;
  try {
    await mkdir(join(staging, "package"), { recursive: true, mode: 0o700 });
    await download(request, staging);
    await rm(target, { recursive: true, force: true });
    await publish(staging, target, request.file);
    return cached;
  } catch (error) {
    throw explainError(error, "cannot keep a package in envpack's cache", target);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function isSealed(target: string, file: string): Promise<boolean> {
  try {
    const seal = asObject(JSON.parse(await readFile(join(target, SEAL), "utf8")));
    return seal?.sha256 === (await digestFile(join(target, "package", file), "sha256", "hex"));
  } catch {
    // Absent or damaged: it is fetched anew.
    return false;
  }
}

async function download({ name, version, folder, signal }: PackageRequest, staging: string): Promise<void> {
  const spec = `${name}@${version}`;
  const integrity = readIntegrity(await askNpm(["view", spec, "dist"], folder, signal), spec);
  await askNpm(["pack", spec, "--pack-destination", staging], folder, signal);
  const tarball = (await readdir(staging)).find((entry) => entry.endsWith(".tgz"));
  if (tarball === undefined) throw new EnvpackError("RUNTIME_NOT_FOUND", `npm brought no tarball of ${spec}`);
  await checkIntegrity(join(staging, tarball), integrity, spec);
  await extract({ file: join(staging, tarball), cwd: join(staging, "package"), strip: 1, strict: true });
  await rm(join(staging, tarball));
}

/** `dist.integrity` as "sha512-BASE64" (several may stand in a row), else `dist.shasum`, SHA-1 in hex. */
function readIntegrity(answer: unknown, spec: string): { algorithm: string; digest: string } {
  const dist = asObject(Array.isArray(answer) ? answer.at(-1) : answer);
  const match = /(?:^|\s)(sha512|sha384|sha256)-([A-Za-z0-9+/]+={0,2})/.exec(asText(dist?.integrity) ?? "");
  if (match?.[1] !== undefined && match[2] !== undefined) return { algorithm: match[1], digest: match[2] };
  const shasum = dist?.shasum;
  if (typeof shasum === "string" && /^[0-9a-f]{40}$/.test(shasum)) {
    return { algorithm: "sha1", digest: Buffer.from(shasum, "hex").toString("base64") };
  }
  throw new EnvpackError("RUNTIME_INTEGRITY", `the registry gives no integrity for ${spec}`, {
    hint: "ask another registry, or name a node on this machine with `--node PATH`",
  });
}

async function checkIntegrity(
  file: string,
  wanted: { algorithm: string; digest: string },
  spec: string,
): Promise<void> {
  if ((await digestFile(file, wanted.algorithm, "base64")) === wanted.digest) return;
  throw new EnvpackError("RUNTIME_INTEGRITY", `what came for ${spec} is not what the registry announced`, {
    hint: "try again; if it stays so, the registry or something on the way to it is not to be trusted",
  });
}

async function digestFile(file: string, algorithm: string, encoding: "hex" | "base64"): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest(encoding);
}

/** Another process may have published the same package meanwhile: then its copy serves. */
async function publish(staging: string, target: string, file: string): Promise<void> {
  const sha256 = await digestFile(join(staging, "package", file), "sha256", "hex");
  await writeFile(join(staging, SEAL), `${JSON.stringify({ file, sha256 })}\n`);
  try {
    await rename(staging, target);
  } catch (error) {
    if (!(await isSealed(target, file))) throw error;
  }
}
