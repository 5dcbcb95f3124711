import { execFile } from "node:child_process";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { formatOf } from "../../archive/formats.js";
import type { Signer } from "../../archive/signing/signer.js";
import type { Environment } from "../../environment/environment.js";
import { MANAGERS } from "../../environment/managers/registry.js";
import { sourceRoot } from "../../environment/source-root.js";
import { digestFile } from "../../support/digest.js";
import { EnvpackError } from "../../support/errors.js";
import { VERSION } from "../../support/version.js";
import { sealEnvelope } from "../../evidence/provenance/envelope.js";
import { evidenceName } from "../../evidence/provenance/evidence.js";
import { makeStatement, statementTime, type ArchiveDigests } from "../../evidence/provenance/statement.js";
import { writeWhole } from "../../engine/sinks/output.js";
import type { OutputPlan } from "./output.js";
import type { PrepareOptions } from "./prepare.js";

/** What of the options of `pack` it is about. */
export interface ProvenanceOptions extends PrepareOptions {
  readonly provenance?: boolean;
  readonly sign?: string;
  readonly detachSign?: string;
  readonly arcroot?: string;
  readonly level?: number;
  readonly mtime?: number;
}

/** What was there when the packing began: a lockfile may be written anew while it goes on. */
export interface Origin {
  readonly startedOn: string;
  readonly dependencies: readonly ResourceDescriptor[];
}

/** As in-toto has it. */
interface ResourceDescriptor {
  readonly name: string;
  readonly uri?: string;
  readonly digest?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, unknown>>;
}

/** Names that nobody else uses; they are explained in docs/evidence.md. */
const BUILD_TYPE = "urn:envpack:build:pack:1";
const BUILDER = "urn:envpack:builder:local:1";

/** Options that decide about the archive, and name no place of this machine. */
const DECIDING = [
  "rules",
  "omit",
  "links",
  "ignoreLock",
  "forcePlatform",
  "includeSecrets",
  "destPrefix",
  "sbom",
  "arcroot",
  "level",
  "mtime",
  "engine",
  "zipSymlinks",
  "runtimeName",
  "platform",
  "slim",
  "keep",
  "trace",
] as const satisfies readonly (keyof ProvenanceOptions)[];

/** Looks at what the archive will be made from: lockfiles, the source's revision, the runtime. */
export async function readOrigin(environment: Environment, member: string | undefined): Promise<Origin> {
  const { runtime } = environment;
  const root = sourceRoot(environment);
  const lockfiles = new Set(MANAGERS.flatMap((manager) => manager.lockfiles));
  const locks: ResourceDescriptor[] = [];
  for (const folder of new Set([root, ...(member === undefined ? [] : [join(root, member)])])) {
    for (const name of lockfiles) {
      const digest = await digestFile(join(folder, name)).catch(() => null);
      if (digest !== null)
        locks.push({
          name: folder === root ? name : `${member}/${name}`,
          digest: { sha256: digest.sha256 },
          annotations: { role: "lockfile" },
        });
    }
  }
  const source = await readRevision(root);
  const node: ResourceDescriptor[] =
    runtime === null
      ? []
      : [
          {
            name: "node",
            uri: `pkg:generic/nodejs@${runtime.version}`,
            digest: { sha256: (await digestFile(runtime.binary)).sha256 },
            annotations: { role: "runtime" },
          },
        ];
  return { startedOn: statementTime(Date.now()), dependencies: [...(source === null ? [] : [source]), ...locks, ...node] };
}

/** The revision of the repository that the environment lies in, and whether there were changes beside it; null: it is in none. */
async function readRevision(root: string): Promise<ResourceDescriptor | null> {
  const git = async (...words: string[]): Promise<string> => {
    // A repository's own settings may start programs.
    const { stdout } = await promisify(execFile)(
      "git",
      ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-C", root, ...words],
      { env: { ...process.env, GIT_OPTIONAL_LOCKS: "0", LC_ALL: "C" }, maxBuffer: 64 << 20 },
    );
    return stdout.trim();
  };
  try {
    const commit = await git("rev-parse", "--verify", "HEAD");
    const clean = (await git("status", "--porcelain", "--untracked-files=normal")) === "";
    const remote = await git("remote", "get-url", "origin").catch(() => "");
    const path = await git("rev-parse", "--show-prefix");
    const uri = withoutCredentials(remote);
    return {
      name: "source",
      ...(uri === null ? {} : { uri }),
      digest: { gitCommit: commit },
      annotations: { role: "source", clean, ...(path === "" ? {} : { path }) },
    };
  } catch {
    return null;
  }
}

/** An address that can be shown to all: paths of this machine and what stands before an @ are left out. */
function withoutCredentials(remote: string): string | null {
  const [, user, host, path] = /^(?:([\w.-]+)@)?([\w.-]+):(?!\/\/)(.+)$/.exec(remote) ?? [];
  if (host !== undefined && path !== undefined && user !== undefined) return `git+ssh://${host}/${path}`;
  try {
    const { protocol, host: name, pathname } = new URL(remote);
    return ["https:", "http:", "ssh:", "git:"].includes(protocol) && name !== "" ? `git+${protocol}//${name}${pathname}` : null;
  } catch {
    return null;
  }
}

/** What decides about the archive, without places of this machine. */
function parametersOf(options: ProvenanceOptions, environment: Environment, format: string): Record<string, unknown> {
  const { node, prebuilt } = options;
  const chosen: Record<string, unknown> = {
    ...Object.fromEntries(DECIDING.map((name) => [name, options[name]])),
    node: node?.includes("/") === true ? "path" : node,
    prebuilt: prebuilt?.map(({ name }) => name),
  };
  const given = Object.entries(chosen).filter(
    ([, value]) => value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0),
  );
  return { name: environment.name, version: environment.version, kind: environment.kind, format, options: Object.fromEntries(given) };
}

export interface ProvenanceRequest {
  readonly options: ProvenanceOptions;
  readonly environment: Environment;
  readonly origin: Origin;
  readonly format: string;
  readonly digests: ArchiveDigests;
  readonly signer: Signer;
}

/** Writes SLSA's provenance of an archive beside it, signed. */
export async function writeProvenance(archive: string, request: ProvenanceRequest & { readonly replaces: boolean }): Promise<string> {
  const path = evidenceName(archive, "provenance");
  await writeWhole(path, await sealProvenance(basename(archive), request), request.replaces);
  return path;
}

/** SLSA's provenance of an archive or an image of that name, in a signed envelope. */
export async function sealProvenance(
  name: string,
  { options, environment, origin, format, digests, signer }: ProvenanceRequest,
): Promise<Buffer> {
  const predicate = {
    buildDefinition: {
      buildType: BUILD_TYPE,
      externalParameters: parametersOf(options, environment, format),
      internalParameters: {},
      resolvedDependencies: origin.dependencies,
    },
    runDetails: {
      builder: { id: BUILDER, version: { envpack: VERSION, node: process.versions.node } },
      metadata: { startedOn: origin.startedOn, finishedOn: statementTime(Date.now()) },
    },
  };
  const statement = makeStatement("provenance", name, digests, predicate);
  return Buffer.from(await sealEnvelope(Buffer.from(JSON.stringify(statement)), signer));
}

/**
 * Provenance that nobody signs says nothing.
 *
 * @throws EnvpackError USAGE
 */
export function assertCanSign({ provenance, sign, detachSign }: ProvenanceOptions, { path, format }: OutputPlan): void {
  if (provenance !== true) return;
  if (sign === undefined && detachSign === undefined)
    throw new EnvpackError("USAGE", "provenance has to be signed, and no key was named", {
      hint: formatOf(format).container === "layers" ? "name one with --sign" : "name one with --sign or --detach-sign",
    });
  if (path === null && formatOf(format).container !== "layers")
    throw new EnvpackError("USAGE", "a stream has no place for its provenance", { hint: "name an output" });
}
