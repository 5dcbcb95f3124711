import { realpathSync } from "node:fs";
import { join, posix, resolve } from "node:path";
import { fileUnder, type PlannedEntry, type PlannedFile } from "../../archive/entry.js";
import type { Environment } from "../../environment/environment.js";
import type { LeftOut, Plan } from "../plan.js";
import { ENVIRONMENT_FOLDER } from "../layout.js";
import { isLicence } from "../slim/licences.js";
import { levelsOf } from "../slim/package-tree.js";
import { EnvpackError } from "../../support/errors.js";
import { pathMatcher } from "../../support/filters.js";
import { append } from "../../support/append.js";
import { filesMeant, type Missing } from "./missing.js";
import { describeRecorded } from "./recorded-environment.js";
import { readRecord } from "./record-file.js";
import { traceEntries, type TraceMemory } from "./run-nft.js";

/** What is asked of a trace. */
export interface TraceRequest {
  /** Scripts that are started, relative to the project's folder (of a workspace the member's). */
  readonly entries: readonly string[];
  /** Files that `envpack record` wrote. */
  readonly records?: readonly string[];
  /** Patterns of what is kept all the same. */
  readonly keep?: readonly string[];
  /** What a proof missed: see missing.ts. */
  readonly broughtBack?: readonly Missing[];
  readonly memory?: TraceMemory;
  readonly signal?: AbortSignal;
}

/** Why a file of a package is in a traced archive. */
export interface TracedFile {
  /** Its arcpath. */
  readonly path: string;
  readonly why: string;
}

export interface Traced {
  readonly plan: Plan;
  /** Of files of packages, sorted by path: the project's own files are in anyway. */
  readonly files: readonly TracedFile[];
  /** Files that were left out, and their bytes. */
  readonly left: { readonly files: number; readonly bytes: number };
}

/**
 * Leaves out of installed packages the files that neither the entries lead to nor a recorded run touched. Nothing comes in
 * that the plan does not hold; the project's own files stay, and so do manifests, licences and natives' neighbours.
 *
 * @throws EnvpackError USAGE, RECORD_INVALID
 */
export async function tracePlan(plan: Plan, environment: Environment, request: TraceRequest): Promise<Traced> {
  if (environment.kind !== "project")
    throw new EnvpackError("USAGE", "only projects are traced: a prefix has no entry", {
      path: environment.root,
      hint: "leave --trace away",
    });
  if ((environment.pnp ?? null) !== null)
    throw new EnvpackError("USAGE", "packages in Yarn's zips cannot be traced", {
      path: environment.root,
      hint: "install with nodeLinker: node-modules",
    });
  const files = filesOfPackages(plan.entries, environment);
  const picker = new Picker(files);
  const trace = async (from: readonly string[]): Promise<void> => {
    for (const [path, why] of await traceEntries(environment, from, request)) picker.pick(path, why);
  };
  await trace(entryFiles(environment, request.entries));
  const recorded = describeRecorded(environment);
  for (const file of request.records ?? [])
    for (const { path, how } of readRecord(file, recorded).files)
      picker.pick(resolve(environment.root, path), `${how.join(", ")} in the recorded run`);
  const isKept = pathMatcher(request.keep ?? []);
  const base = ENVIRONMENT_FOLDER[environment.kind];
  for (const { path } of files) {
    if ((request.keep ?? []).length > 0 && isKept(path.startsWith(`${base}/`) ? path.slice(base.length + 1) : path))
      picker.keep(path, "--keep names it");
  }
  const out = files.filter(({ path }) => !picker.why.has(path));
  const returned = (request.broughtBack ?? []).flatMap((missed) => filesMeant(missed, out).map((file) => ({ file, missed })));
  for (const { file, missed } of returned) picker.keep(file.path, `the proof missed ${missed.name}`);
  // What is served runs in a browser, and nothing is loaded for it here.
  const loaded = returned.filter(({ missed }) => missed.kind !== "served").map(({ file }) => file.disk);
  const scripts = [...new Set(loaded.filter((path) => /\.[cm]?js$/.test(path)))];
  if (scripts.length > 0) await trace(scripts);
  picker.addCompany(environment);
  const left = files.filter(({ path }) => !picker.why.has(path));
  return {
    plan: withoutFiles(plan, left),
    files: picker.list(),
    left: { files: left.length, bytes: left.reduce((sum, { size }) => sum + size, 0) },
  };
}

/** A file of a package, which another name may share: where it lies on the disk, absolute, and its bytes. */
interface PackagedFile {
  readonly path: string;
  readonly disk: string;
  readonly size: number;
}

/** Files of installed packages, hard links too; those of the runtime are none. */
function filesOfPackages(entries: readonly PlannedEntry[], { root, kind, outside = [] }: Environment): PackagedFile[] {
  const sizes = new Map(entries.flatMap((entry) => (entry.type === "file" ? [[entry.path, entry.size] as const] : [])));
  const places = [{ arcpath: ENVIRONMENT_FOLDER[kind], folder: root }, ...outside];
  return entries.flatMap((entry): PackagedFile[] => {
    if ((entry.type !== "file" && entry.type !== "hardlink") || levelsOf(entry.path).length === 0) return [];
    const place = places.find(({ arcpath }) => entry.path.startsWith(`${arcpath}/`));
    if (place === undefined) return [];
    const size = sizes.get(entry.type === "file" ? entry.path : entry.target) ?? 0;
    return [{ path: entry.path, disk: place.folder + entry.path.slice(place.arcpath.length), size }];
  });
}

function entryFiles({ root, member }: Environment, entries: readonly string[]): string[] {
  const folder = join(root, member?.path ?? "");
  return entries.map((entry) => {
    try {
      return realpathSync(resolve(folder, entry));
    } catch {
      throw new EnvpackError("USAGE", "there is no such script to trace", {
        path: resolve(folder, entry),
        hint: "name it by its path from the project's folder",
      });
    }
  });
}

/** Files of packages that stay, each with a reason. */
class Picker {
  /** By arcpath. */
  readonly why = new Map<string, string>();
  readonly #files: readonly PackagedFile[];
  readonly #byDisk: ReadonlyMap<string, string>;

  constructor(files: readonly PackagedFile[]) {
    this.#files = files;
    this.#byDisk = new Map(files.map(({ path, disk }) => [disk, path]));
  }

  /** @param disk absolute */
  pick(disk: string, why: string): void {
    const path = this.#byDisk.get(disk);
    if (path !== undefined) this.keep(path, why);
  }

  keep(path: string, why: string): void {
    if (!this.why.has(path)) this.why.set(path, why);
  }

  /** What goes with files that stay: natives' packages as a whole, with the libraries that they ask for; manifests and licences. */
  addCompany({ natives, kind }: Environment): void {
    const base = ENVIRONMENT_FOLDER[kind];
    const byRoot = new Map<string, PackagedFile[]>();
    for (const file of this.#files) {
      const root = levelsOf(file.path).at(-1)?.root ?? "";
      const known = byRoot.get(root);
      if (known === undefined) byRoot.set(root, [file]);
      else known.push(file);
    }
    const known = natives.map((native) => ({ ...native, path: posix.join(base, native.file) }));
    const waiting = known.filter(({ path }) => this.why.has(path));
    const done = new Set<string>();
    for (let native = waiting.pop(); native !== undefined; native = waiting.pop()) {
      const root = levelsOf(native.path).at(-1)?.root ?? "";
      const { needed } = native;
      if (!done.has(root)) for (const { path } of byRoot.get(root) ?? []) this.keep(path, `beside the native ${native.path}`);
      done.add(root);
      append(
        waiting,
        known.filter((one) => {
          const other = levelsOf(one.path).at(-1)?.root ?? "";
          return !done.has(other) && (other === root || needed.includes(posix.basename(one.path)));
        }),
      );
    }
    this.#addPapers();
  }

  #addPapers(): void {
    const folders = new Set<string>();
    for (const path of this.why.keys()) {
      const root = levelsOf(path).at(-1)?.root ?? "";
      for (let folder = posix.dirname(path); folder.length >= root.length; folder = posix.dirname(folder)) folders.add(folder);
    }
    for (const { path } of this.#files) {
      const { root = "", inside = "" } = levelsOf(path).at(-1) ?? {};
      if (posix.basename(path) === "package.json" && folders.has(posix.dirname(path))) this.keep(path, "the manifest of what is beside it");
      else if (folders.has(root) && isLicence(inside)) this.keep(path, "a licence of its package");
    }
  }

  list(): TracedFile[] {
    return [...this.why].map(([path, why]) => ({ path, why })).sort((a, b) => (a.path < b.path ? -1 : 1));
  }
}

/** The plan without files of packages, without folders that hold nothing any more, and without links that led to them. */
function withoutFiles(plan: Plan, left: readonly PackagedFile[]): Plan {
  const gone = new Set(left.map(({ path }) => path));
  const kept = relink(plan.entries, gone);
  const emptied = new Set<string>();
  for (const path of gone) for (let at = posix.dirname(path); at !== "."; at = posix.dirname(at)) emptied.add(at);
  for (const entry of kept) {
    if (entry.type === "directory" || entry.type === "symlink") continue;
    for (let at = posix.dirname(entry.path); at !== "."; at = posix.dirname(at)) emptied.delete(at);
  }
  const leads = (entry: PlannedEntry): boolean =>
    entry.type !== "symlink" ||
    (!emptied.has(posix.join(posix.dirname(entry.path), entry.target)) && !gone.has(posix.join(posix.dirname(entry.path), entry.target)));
  const entries = kept.filter((entry) => leads(entry) && (entry.type !== "directory" || !emptied.has(entry.path)));
  const leftOut = [...plan.leftOut, ...byPackage(left, emptied)].sort((a, b) => (a.path < b.path ? -1 : 1));
  return { ...plan, entries, leftOut };
}

/** Where the file that hard links lead to is gone, the first of them becomes that file. */
function relink(entries: readonly PlannedEntry[], gone: ReadonlySet<string>): PlannedEntry[] {
  const lost = new Map<string, PlannedFile>();
  const heirs = new Map<string, string>();
  return entries.flatMap((entry): PlannedEntry[] => {
    if (gone.has(entry.path)) {
      if (entry.type === "file") lost.set(entry.path, entry);
      return [];
    }
    const file = entry.type === "hardlink" ? lost.get(entry.target) : undefined;
    if (entry.type !== "hardlink" || file === undefined) return [entry];
    const heir = heirs.get(entry.target);
    if (heir !== undefined) return [{ ...entry, target: heir }];
    heirs.set(entry.target, entry.path);
    return [fileUnder(entry.path, file)];
  });
}

/** One for each package: thousands of files are told by their package. */
function byPackage(left: readonly PackagedFile[], emptied: ReadonlySet<string>): LeftOut[] {
  const packages = new Map<string, { files: number; bytes: number }>();
  for (const { path, size } of left) {
    const root = levelsOf(path).at(-1)?.root ?? path;
    const sum = packages.get(root) ?? { files: 0, bytes: 0 };
    packages.set(root, { files: sum.files + 1, bytes: sum.bytes + size });
  }
  return [...packages].map(([path, sum]) => ({
    path,
    reason: "trace",
    kind: emptied.has(path) ? "package that nothing leads to" : "part of a package that nothing leads to",
    ...sum,
  }));
}
