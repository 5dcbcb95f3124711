import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { NO_COMPILE_CACHE } from "../../archive/embedded.js";
import { makeScratch } from "../../cache/scratch.js";
import { chooseThreads } from "../../engine/threads.js";
import { readSigner } from "../../inspect/signature-files.js";
import { conditionsOf, SETS, WORKER, type Conditions } from "../../evidence/prove/conditions.js";
import { proveTree } from "../../evidence/prove/prove-tree.js";
import type { ProofRun } from "../../evidence/prove/report.js";
import type { Place } from "../../evidence/prove/trials/entry.js";
import type { RootFs } from "../../evidence/prove/sandbox/root-fs.js";
import { readPackageJson, type Subject } from "../../evidence/prove/subject.js";
import { EnvpackError } from "../../support/errors.js";
import { homeFolder } from "../../support/home.js";
import { THIS_MACHINE } from "../../support/this-machine.js";
import { activationEnv } from "../run/activation.js";
import { prepareSubject, type Prepared } from "./prepare.js";
import type { ProveOptions, ProveResult } from "./prove-types.js";
import { rootFsOf, rootFsOfImage } from "./root-folder.js";
import { writeProof } from "./write-proof.js";

export type { ProvedArchive, ProveOptions, ProveResult } from "./prove-types.js";

/** Commands that are tried at the same time, whatever a large machine has room for: each may be an application of its own. */
const MOST_AT_ONCE = 4;

/**
 * Proves that an environment runs elsewhere: restores it at another depth, where source, home, package stores, network and
 * this machine's Node.js are out of reach, loads every dependency, and starts every command and the entry point.
 */
export async function prove(options: ProveOptions): Promise<ProveResult> {
  const began = performance.now();
  checkOptions(options);
  const conditions = conditionsFor(options);
  // A key that cannot be used is told before anything is tried.
  const signer = options.sign === undefined ? null : await readSigner(options.sign);
  const scratch = await makeScratch();
  try {
    // Others may go through, and not look around: the worker's user reads the environment below.
    await chmod(scratch.path, 0o711);
    const prepared = await prepareSubject(options, scratch.path);
    const rootFs = await rootFsFor(options, scratch.path, prepared.subject);
    const atOnce = Math.min(chooseThreads(undefined), MOST_AT_ONCE);
    const runs: ProofRun[] = [];
    for (const [at, each] of conditions.entries())
      runs.push(await proveOnce(options, prepared, { conditions: each, rootFs, work: join(scratch.path, `proof-${at}`), atOnce }));
    const { manifest, source } = prepared.subject;
    const { name, version, platform } = manifest;
    const result = {
      ok: runs.every(({ ok }) => ok),
      archive: prepared.archive,
      name,
      version,
      platform,
      source: source?.folder ?? null,
      emulator: prepared.emulator,
      like: options.like ?? options.image ?? null,
      runs,
      seconds: (performance.now() - began) / 1000,
    };
    return {
      ...result,
      proof: prepared.archive === null || options.save === false ? null : await writeProof(prepared.archive, result, signer),
    };
  } finally {
    await scratch.remove();
  }
}

interface Setting {
  readonly conditions: Conditions;
  readonly rootFs: RootFs | null;
  readonly work: string;
  readonly atOnce: number;
}

async function proveOnce(options: ProveOptions, { subject }: Prepared, { conditions, rootFs, work, atOnce }: Setting): Promise<ProofRun> {
  const { entry, listen, command, timeout = 30, sandbox, signal, onProgress } = options;
  await mkdir(work);
  return proveTree({
    subject,
    conditions,
    rootFs,
    work,
    sandbox,
    entry: { entry, listen: parseListen(listen) },
    commands: [...commandsOf(subject), ...(command === undefined ? [] : [command])],
    seconds: timeout,
    atOnce,
    hiddenRoots: hiddenRoots(subject),
    activate: (root, env) => definedOnly({ ...activationEnv(root, subject.manifest, env), [NO_COMPILE_CACHE]: "1" }),
    signal,
    onTrials: (done) => onProgress?.({ stage: "checking", done, total: null, detail: conditions.name }),
  });
}

function checkOptions({ like, image, listen, command, timeout, sign, save }: ProveOptions): void {
  if (sign !== undefined && save === false)
    throw new EnvpackError("USAGE", "there is nothing to sign where nothing is written", { hint: "leave --no-save away" });
  if (like !== undefined && image !== undefined)
    throw new EnvpackError("USAGE", "there can be one root file system", { hint: "leave --like or --image away" });
  parseListen(listen);
  if (command?.length === 0) throw new EnvpackError("USAGE", "the command has no words", { hint: "name a command behind --" });
  if (timeout !== undefined && !(timeout > 0))
    throw new EnvpackError("USAGE", "a trial needs some time", { hint: "name seconds: --timeout 30" });
}

/** What is asked of the entry point; empty: nothing is. */
function parseListen(listen: string | readonly string[] = []): Place[] {
  return (typeof listen === "string" ? [listen] : listen).map(parsePlace);
}

/** "8080", "8080/health" */
function parsePlace(text: string): Place {
  const [, port = "", path = ""] = /^(\d{1,5})(\/[^\s]*)?$/.exec(text) ?? [];
  if (port !== "" && Number(port) > 0 && Number(port) < 65536) return { port: Number(port), path: path === "" ? "/" : path };
  throw new EnvpackError("USAGE", `${text} is no port with a path`, { hint: "write it as 8080/health" });
}

function conditionsFor(options: ProveOptions): Conditions[] {
  const names = options.all === true ? SETS.map(({ name }) => name) : (options.as ?? []);
  if (names.length === 0) return [conditionsOf(options, WORKER)];
  return names.map((name) => {
    const found = SETS.find((one) => one.name === name);
    if (found === undefined)
      throw new EnvpackError("USAGE", `no conditions are known by the name ${name}`, {
        hint: `it can be ${SETS.map((one) => one.name).join(", ")}`,
      });
    return conditionsOf(options, found);
  });
}

/** Names of processors as images have them, by those of Node.js. */
const ARCHITECTURES = new Map([
  ["x64", "amd64"],
  ["ia32", "386"],
]);

async function rootFsFor({ like, image, signal }: ProveOptions, folder: string, { manifest }: Subject): Promise<RootFs | null> {
  if (like !== undefined) return rootFsOf(like, folder, signal);
  if (image === undefined) return null;
  const { arch } = manifest.platform;
  return rootFsOfImage(image, folder, ARCHITECTURES.get(arch) ?? arch, signal);
}

/** `envpack.prove` in package.json: lines of a shell. */
function commandsOf({ tree, manifest }: Subject): string[][] {
  if (manifest.kind !== "project") return [];
  return (readPackageJson(join(tree, manifest.resolveFrom[0] ?? ""))?.prove ?? []).map((line) => ["sh", "-c", line]);
}

/** Places of this machine whose names in an environment tell that it was not made to move. */
function hiddenRoots({ source }: Subject): string[] {
  const home = homeFolder();
  const roots = [source?.folder ?? null, home === null || home === "/" ? null : home, THIS_MACHINE.os === "linux" ? "/usr/local" : null];
  return roots.filter((root) => root !== null);
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
