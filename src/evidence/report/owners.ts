import { createHash, type Hash } from "node:crypto";
import { splitZip } from "../../environment/pnp/location.js";
import { META, type Entry } from "../../archive/entry.js";
import { packageFinder } from "../../inspect/fleet/digests.js";
import type { Manifest } from "../../manifest/manifest.js";
import type { Component } from "../sbom/component.js";
import type { Inventory } from "../sbom/inventory.js";
import { findWays } from "./ways.js";
import type { FileSize, KindSize, Owner, Role } from "./facts.js";
import { kindOf, type FileKind } from "./kinds.js";

/** How many files of an owner are named; where it has no more, that is all. */
const NAMED_FILES = 12;

/** What comes with a runtime: their own packages are not told apart in the map. */
const BUNDLED = /^(lib\/node_modules\/(?:npm|corepack))(?:\/|$)/;
const TOOLS = /^(?:\.envpack(?:\/|$)|bin\/(?:de)?activate(?:\.\w+)?$|bin\/envpack(?:\.cmd)?$)/;

/** Owners by what files belong to, and which one an entry belongs to. */
export interface Owners {
  /** The largest first. */
  readonly list: readonly Owner[];
  /** A place in the list. */
  readonly placeOf: (path: string) => number;
}

/** Adds up what is packed by package; the runtime, the project's own files and envpack's are owners as well. */
export function gatherOwners(entries: readonly Entry[], manifest: Manifest, inventory: Inventory): Owners {
  const tallies = new Tallies(manifest, inventory);
  for (const entry of entries) tallies.add(entry);
  const counted = [...tallies.all].filter((one) => one.files > 0).sort((a, b) => b.bytes - a.bytes || (a.key < b.key ? -1 : 1));
  const places = new Map(counted.map((one, place) => [one, place]));
  const placeOf = (path: string): number => places.get(tallies.of(path)) ?? 0;
  const ways = findWays(
    counted.map(() => null),
    edgesOf(inventory, (ref) => places.get(tallies.of(ref)) ?? null),
  );
  const list = counted.map((one, place): Owner => one.finish(ways.parents[place] ?? null, ways.dependents[place] ?? []));
  return { list, placeOf };
}

/** Who asks for whom, by places; null for the environment. */
function* edgesOf({ root, components }: Inventory, place: (ref: string) => number | null): Generator<readonly [number | null, number]> {
  for (const { ref, kind, dependsOn } of [root, ...components]) {
    if (kind === "library" || kind === "part") continue;
    const from = kind === "application" ? null : place(ref);
    if (from === null && kind !== "application") continue;
    for (const asked of dependsOn) {
      const to = place(asked.split("#", 1)[0] as string);
      if (to !== null && to !== from) yield [from, to];
    }
  }
}

/** Counts of one owner while entries come. */
class Tally {
  bytes = 0;
  files = 0;
  readonly #kinds = new Map<FileKind, { bytes: number; files: number }>();
  readonly #largest: FileSize[] = [];
  readonly #hash: Hash = createHash("sha256");

  constructor(
    readonly key: string,
    readonly about: Pick<Owner, "name" | "version" | "path" | "role" | "license">,
  ) {}

  add(entry: Entry): void {
    const { path } = this.about;
    const inside = path !== null && entry.path.startsWith(`${path}/`) ? entry.path.slice(path.length + 1) : entry.path;
    const content = entry.type === "file" ? entry.sha256 : "target" in entry ? entry.target : "";
    // The manifest counts all others.
    if (entry.path !== META.manifest) this.#hash.update(`${JSON.stringify([inside, entry.type, content])}\n`);
    if (entry.type !== "file" && entry.type !== "hardlink") return;
    // A second name of a file takes no room.
    const bytes = entry.type === "file" ? entry.size : 0;
    this.files++;
    this.bytes += bytes;
    const kind = kindOf(entry.path);
    const size = this.#kinds.get(kind) ?? { bytes: 0, files: 0 };
    this.#kinds.set(kind, { bytes: size.bytes + bytes, files: size.files + 1 });
    this.#note({ path: inside, bytes });
  }

  #note(file: FileSize): void {
    if (this.#largest.length >= NAMED_FILES && file.bytes <= (this.#largest.at(-1)?.bytes ?? 0)) return;
    const at = this.#largest.findIndex(({ bytes }) => bytes < file.bytes);
    this.#largest.splice(at < 0 ? this.#largest.length : at, 0, file);
    this.#largest.length = Math.min(this.#largest.length, NAMED_FILES);
  }

  finish(parent: number | null, dependents: readonly number[]): Owner {
    const kinds = [...this.#kinds].map(([kind, size]): KindSize => ({ kind, ...size })).sort((a, b) => b.bytes - a.bytes);
    const { bytes, files } = this;
    return { ...this.about, bytes, files, kinds, largest: [...this.#largest], dependents, parent, digest: this.#hash.digest("hex") };
  }
}

class Tallies {
  readonly all = new Set<Tally>();
  readonly #packages = new Map<string, Tally>();
  readonly #ownerOf: (path: string) => { readonly path: string } | null;
  readonly #runtime: Tally;
  readonly #project: Tally;
  readonly #tool: Tally;
  readonly #folders: readonly string[];
  readonly #isProject: boolean;

  constructor(manifest: Manifest, { root, components }: Inventory) {
    const own = { path: null, license: null };
    this.#isProject = manifest.kind === "project";
    this.#folders = this.#isProject ? manifest.resolveFrom : [];
    const version = manifest.runtime?.version ?? null;
    this.#runtime = new Tally("runtime", { ...own, name: "Node.js and what lies beside it", version, role: "runtime" });
    this.#project = new Tally("project", {
      name: `${manifest.name}: its own files`,
      version: manifest.version,
      path: this.#folders[0] ?? null,
      role: "project",
      license: root.license.text,
    });
    this.#tool = new Tally("tool", { ...own, name: "envpack: its tool and records", version: null, role: "tool" });
    const direct = new Set(root.dependsOn);
    for (const one of components.filter(({ kind }) => kind === "package")) this.#addPackage(one, direct.has(one.ref));
    this.#ownerOf = packageFinder([...this.#packages.keys()].map((path) => ({ path, name: "", version: "" })));
    for (const one of [this.#runtime, this.#project, this.#tool, ...this.#packages.values()]) this.all.add(one);
  }

  #addPackage({ ref, name, version, own, license }: Component, isDirect: boolean): void {
    const bundle = BUNDLED.exec(ref)?.[1];
    if (bundle !== undefined && bundle !== ref) return;
    const role: Role = bundle !== undefined ? "runtime" : own ? "project" : isDirect ? "direct" : "indirect";
    const path = splitZip(ref)?.zip ?? ref;
    this.#packages.set(path, new Tally(`package ${path}`, { name, version, path, role, license: license.text }));
  }

  add(entry: Entry): void {
    this.of(entry.path).add(entry);
  }

  of(ref: string): Tally {
    const path = splitZip(ref)?.zip ?? ref;
    if (TOOLS.test(path)) return this.#tool;
    const owner = this.#ownerOf(path);
    const found = owner === null ? undefined : this.#packages.get(owner.path);
    if (found !== undefined) return found;
    if (this.#folders.some((folder) => path === folder || path.startsWith(`${folder}/`))) return this.#project;
    // A workspace's own files lie above its members.
    return this.#isProject && /^app(?:\/|$)/.test(path) ? this.#project : this.#runtime;
  }
}
