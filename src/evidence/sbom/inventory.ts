import { posix } from "node:path";
import type { Manifest } from "../../manifest/manifest.js";
import type { Notice } from "../../support/progress.js";
import { PLAIN, type Component } from "./component.js";
import { Contents } from "./contents.js";
import { NO_FACTS, type PackageFacts } from "./package-facts.js";
import { isOwnPlace } from "./package-places.js";
import type { PackedTree } from "./packed-tree.js";
import { npmPurl } from "./purl.js";
import { describeRuntime } from "./runtime.js";

/** What is packed, by name. */
export interface Inventory {
  /** The environment itself. */
  readonly root: Component;
  /** All else, sorted by ref. */
  readonly components: readonly Component[];
  readonly notices: readonly Notice[];
}

/**
 * Takes stock of what is packed: the packages by their own package.json, the runtime with what is built into it,
 * shared libraries. No lockfile is asked what there is; managers' records only add where a package came from.
 */
export async function takeInventory(tree: PackedTree, manifest: Manifest): Promise<Inventory> {
  const contents = await Contents.read(tree, manifest);
  const inventory = new Stock(contents, manifest);
  const runtime =
    manifest.runtime === null || contents.runtime === null
      ? []
      : describeRuntime(manifest.runtime.version, { binary: contents.runtime, headers: contents.headers });
  const packages = inventory.packages();
  const components = [...packages, ...contents.libraries, ...contents.builtIn, ...runtime].sort((a, b) => (a.ref < b.ref ? -1 : 1));
  return { root: inventory.root(runtime.slice(0, 1).map(({ ref }) => ref)), components, notices: inventory.notices };
}

class Stock {
  readonly notices: Notice[] = [];
  readonly #contents: Contents;
  readonly #manifest: Manifest;
  readonly #folders = new Set<string>();

  constructor(contents: Contents, manifest: Manifest) {
    this.#contents = contents;
    this.#manifest = manifest;
    for (const folder of contents.places) if (this.#nameOf(folder) !== null) this.#folders.add(folder);
  }

  packages(): Component[] {
    return [...this.#folders].map((folder) => this.#describe(folder));
  }

  /** It needs what its package.json names; where there is none, as in a prefix, all that can be imported from it. */
  root(runtime: readonly string[]): Component {
    const { name, version, resolveFrom } = this.#manifest;
    const members = [...this.#folders].filter(isOwnPlace);
    const npm = [...this.#folders].filter((folder) => folder === "lib/node_modules/npm");
    const needed = resolveFrom.flatMap((folder) => {
      if (this.#folders.has(folder)) return [folder];
      const facts = this.#contents.facts.get(folder);
      return facts === undefined || facts === "broken" ? this.#directlyIn(folder) : this.#find(folder, [...facts.wants, ...facts.develops]);
    });
    const facts = this.#manifest.resolveFrom
      .map((folder) => this.#contents.facts.get(folder))
      .find((one) => one !== undefined && one !== "broken");
    const dependsOn = [...new Set([...needed, ...members, ...npm, ...runtime])].sort();
    return {
      ...PLAIN,
      kind: "application",
      ref: ".",
      name,
      version,
      purl: npmPurl(name, version, null),
      license: (facts ?? NO_FACTS).license,
      own: true,
      dependsOn,
    };
  }

  #describe(folder: string): Component {
    const { name, version } = this.#nameOf(folder) as { name: string; version: string | null };
    const facts = this.#factsOf(folder);
    const origin = this.#contents.originOf(folder, name, version ?? "");
    const source = origin?.source ?? null;
    const own = isOwnPlace(folder);
    const inside = [...this.#contents.libraries, ...this.#contents.builtIn].map(({ ref }) => ref).filter((ref) => this.#holds(folder, ref));
    const dependsOn = [...new Set([...this.#find(folder, own ? [...facts.wants, ...facts.develops] : facts.wants), ...inside])]
      .filter((ref) => ref !== folder)
      .sort();
    return {
      ...PLAIN,
      kind: "package",
      ref: folder,
      name,
      version,
      purl: npmPurl(name, version, source),
      license: facts.license,
      hashes: origin?.hashes ?? [],
      source,
      own,
      dependsOn,
    };
  }

  /** What packed files say comes first; the manifest has read the same ones, and knows those that cannot be read now. */
  #nameOf(folder: string): { readonly name: string; readonly version: string | null } | null {
    const facts = this.#contents.facts.get(folder);
    const listed = this.#contents.listed.get(folder);
    const named = facts === undefined || facts === "broken" ? NO_FACTS : facts;
    if (listed !== undefined) return { name: named.name ?? listed.name, version: named.version ?? listed.version };
    return named.name === null || named.version === null ? null : { name: named.name, version: named.version };
  }

  #factsOf(folder: string): PackageFacts {
    const facts = this.#contents.facts.get(folder);
    if (facts !== undefined && facts !== "broken") return facts;
    const what = facts === undefined ? "there is no package.json that could be read" : "package.json is no JSON object";
    this.notices.push({
      code: "PACKAGE_UNREADABLE",
      message: `${what}: name and version are those that were noted when it was packed, its licence is not known`,
      path: `${folder}/package.json`,
    });
    return NO_FACTS;
  }

  #find(folder: string, names: readonly string[]): string[] {
    return names.flatMap((name) => this.#contents.find(name, folder, (found) => this.#folders.has(found)));
  }

  #directlyIn(folder: string): string[] {
    const modules = posix.join(folder, "node_modules");
    return this.#contents.links.packagesIn(modules).filter((found) => this.#folders.has(found));
  }

  /** Whether a file, or a part, belongs to a package and to none inside of it. */
  #holds(folder: string, ref: string): boolean {
    const path = ref.split("#", 1)[0] as string;
    let holder = path;
    while (holder !== "." && !this.#folders.has(holder)) holder = posix.dirname(holder);
    return holder === folder;
  }
}
