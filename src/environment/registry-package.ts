import { createHash, hash, randomBytes } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, rename, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { extractPackage, type PackageLimits } from "../archive/package-tarball.js";
import { openCache } from "../cache/place.js";
import { SEAL } from "../cache/entries.js";
import type { CacheUses } from "../cache/uses.js";
import { EnvpackError, explainError } from "../support/errors.js";
import { makeScratch } from "../cache/scratch.js";
import { asObject, asText } from "./package-json.js";
import type { Registry } from "./registry.js";
import { encodeSeal, isSealed, type PackageIdentity } from "./registry-seal.js";

/** Node's own packages hold 200 MB at most. */
const LIMITS: PackageLimits = { bytes: 1 << 30, entries: 100_000 };

/**
 * Brings a package from the registry into envpack's cache, and returns its folder.
 *
 * The registry is asked for the package's integrity each time (or what it said is remembered, see `Registry`). What
 * lies in the cache lies by the hash of registry, name, version and integrity, and is used if every file is as it
 * was in the tarball of that integrity. Where the cache is not this user's alone, a private folder holds the package
 * until the packing is over.
 *
 * @param version exact
 */
export async function fetchPackage(name: string, version: string, registry: Registry, uses: CacheUses): Promise<string> {
  const spec = `${name}@${version}`;
  const integrity = await registry.ask(
    `the integrity of ${spec}`,
    ["view", spec, "dist"],
    (answer) => readIntegrity(answer, spec),
    isIntegrity,
  );
  const identity = { registry: registry.url ?? "", name, version, integrity };
  const { folder, notice } = openCache("runtimes");
  if (notice !== null) uses.notices.push(notice);
  if (folder === null) return fetchForOnce(identity, registry, uses);
  const key = hash("sha256", JSON.stringify(identity));
  await uses.hold(key);
  const target = join(folder, key);
  try {
    if (!(await isSealed(target, identity))) await fetchInto(target, identity, registry);
    const now = new Date();
    await utimes(join(target, SEAL), now, now).catch(() => undefined);
  } catch (error) {
    throw explainError(error, "cannot keep a package in envpack's cache", target);
  }
  return join(target, "package");
}

async function fetchForOnce(identity: PackageIdentity, registry: Registry, uses: CacheUses): Promise<string> {
  const scratch = await makeScratch();
  uses.afterwards(scratch.remove);
  await download(scratch.path, identity, registry);
  return join(scratch.path, "package");
}

/** What is not whole has another name: it gets this one in one step. */
async function fetchInto(target: string, identity: PackageIdentity, registry: Registry): Promise<void> {
  const parts = { folder: join(target, ".."), key: target.slice(-64) };
  const staging = join(parts.folder, `.fetching-${parts.key}-${randomBytes(4).toString("hex")}`);
  try {
    await mkdir(staging, { mode: 0o700 });
    await download(staging, identity, registry);
    await publish(staging, target, identity);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** Leaves `package/` and the seal in a folder. */
async function download(folder: string, identity: PackageIdentity, registry: Registry): Promise<void> {
  const spec = `${identity.name}@${identity.version}`;
  const arrival = join(folder, "arrival");
  await mkdir(arrival, { mode: 0o700 });
  await registry.bring(spec, arrival);
  const tarball = (await readdir(arrival)).find((entry) => entry.endsWith(".tgz"));
  if (tarball === undefined) throw new EnvpackError("RUNTIME_NOT_FOUND", `npm brought no tarball of ${spec}`);
  await checkIntegrity(join(arrival, tarball), identity.integrity, spec);
  registry.report(`unpacks ${spec}`);
  const content = join(folder, "package");
  await mkdir(content, { mode: 0o700 });
  const files = await extractPackage(join(arrival, tarball), content, LIMITS);
  await rm(arrival, { recursive: true, force: true });
  await writeFile(join(folder, SEAL), encodeSeal(identity, files), { flag: "wx", mode: 0o600 });
}

/** Another process may have published the same package meanwhile: then its copy serves. */
async function publish(staging: string, target: string, identity: PackageIdentity): Promise<void> {
  try {
    await rename(staging, target);
  } catch (error) {
    if (!["ENOTEMPTY", "EEXIST", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    if (await isSealed(target, identity)) return;
    const aside = join(target, "..", `.removing-${target.slice(-64, -48)}-${randomBytes(4).toString("hex")}`);
    await rename(target, aside);
    await rename(staging, target);
    await rm(aside, { recursive: true, force: true });
  }
}

const INTEGRITY = /^(sha512|sha384|sha256|sha1)-([A-Za-z0-9+/]{27,86}={0,2})$/;

function isIntegrity(text: string): boolean {
  return INTEGRITY.test(text);
}

/** `dist.integrity` as "sha512-BASE64" (several may stand in a row), else `dist.shasum`, SHA-1 in hex, in the same form. */
function readIntegrity(answer: unknown, spec: string): string {
  const dist = asObject(Array.isArray(answer) ? answer.at(-1) : answer);
  const words = (asText(dist?.integrity) ?? "").slice(0, 4096).split(/\s+/);
  const found = ["sha512-", "sha384-", "sha256-"].map((start) => words.find((word) => word.startsWith(start) && isIntegrity(word)));
  const best = found.find((word) => word !== undefined);
  if (best !== undefined) return best;
  const shasum = dist?.shasum;
  if (typeof shasum === "string" && /^[0-9a-f]{40}$/.test(shasum)) return `sha1-${Buffer.from(shasum, "hex").toString("base64")}`;
  throw new EnvpackError("RUNTIME_INTEGRITY", `the registry gives no integrity for ${spec}`, {
    hint: "ask another registry, or name a node on this machine with `--node PATH`",
  });
}

async function checkIntegrity(file: string, integrity: string, spec: string): Promise<void> {
  const [algorithm = "", digest] = integrity.split(/-(.*)/s);
  const hasher = createHash(algorithm);
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hasher);
  if (hasher.digest("base64") === digest) return;
  throw new EnvpackError("RUNTIME_INTEGRITY", `what came for ${spec} is not what the registry announced`, {
    hint: "try again; if it stays so, the registry or something on the way to it is not to be trusted",
  });
}
