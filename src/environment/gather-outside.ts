import { existsSync, lstatSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { findClosure, type Reached } from "./closure.js";
import type { InstalledPackage, OutsideTree } from "./environment.js";
import type { OutsideLink } from "./outside.js";
import { readPackageJson } from "./package-json.js";
import { below, isWithin } from "./paths.js";
import { findReach } from "./reach.js";

export interface GatherOptions {
  /** Folders of packages among those that links lead to, absolute, that only development needs. */
  readonly development?: ReadonlySet<string>;
  /** The packages in a node_modules folder that is a link; their paths are relative to the folder it leads to. */
  readonly packagesIn?: (link: OutsideLink) => readonly InstalledPackage[];
}

/**
 * What links lead to outside the root, with what it resolves from its own place, gathered into trees: each tree is
 * the lowest folder from which all lookups of its packages still succeed, so that in the archive, where a tree keeps
 * its inner structure, they succeed as well.
 */
export function gatherOutside(
  root: string,
  links: readonly OutsideLink[],
  { development = new Set(), packagesIn = () => [] }: GatherOptions = {},
): readonly OutsideTree[] {
  const all = settle(root, links);
  const needed =
    development.size === 0
      ? all
      : settle(
          root,
          links.filter(({ folder }) => !development.has(folder)),
        );
  const names = new Set<string>();
  const targets = new Set(links.map(({ folder }) => folder));
  return all.tops.map((top) => {
    const found = [...all.packages.values()].filter(({ folder }) => isWithin(folder, top));
    const first = found.find(({ folder }) => targets.has(folder)) ?? found[0];
    const linked = links.filter(({ folder, kind }) => kind === "modules" && isWithin(folder, top));
    const inModules = uniqueBy(linked, ({ folder }) => folder).flatMap((link) =>
      packagesIn(link).map((one) => ({ ...one, path: joinBelow(below(link.folder, top), one.path) })),
    );
    const loose = [...all.loose].filter((place) => isWithin(place, top)).sort();
    return {
      folder: top,
      arcpath: `links/${uniqueName(first?.json.name ?? nameOf(top, links), names)}`,
      packages: [...found.map((one) => describe(one, top, !needed.packages.has(one.folder))), ...inModules].sort((a, b) =>
        a.path < b.path ? -1 : 1,
      ),
      loose: loose.map((place) => ({ path: below(place, top), dev: !needed.loose.has(place) })),
    };
  });
}

interface Settled {
  /** Those that lie outside the root and in no linked node_modules, by folder. */
  readonly packages: ReadonlyMap<string, Reached>;
  /** Absolute; none lies in another. */
  readonly loose: ReadonlySet<string>;
  /** The folders of the trees, sorted; none lies in another. */
  readonly tops: readonly string[];
}

/** What is found in a tree may need another tree, or a higher one: looked up until nothing new is found. */
function settle(root: string, links: readonly OutsideLink[]): Settled {
  const places = (kind: OutsideLink["kind"]): string[] => [
    ...new Set(links.filter((link) => link.kind === kind).map(({ folder }) => folder)),
  ];
  const starts = places(undefined);
  const modules = places("modules");
  const workspaces = new Set(starts.flatMap((start) => workspaceAbove(start)));
  const idle = findClosure(starts, true);
  const packages = new Map<string, Reached>();
  const loose = new Set([...modules, ...places("loose")]);
  const isOurs = (folder: string): boolean => !isWithin(folder, root) && !modules.some((one) => isWithin(folder, one));
  const add = (found: Iterable<Reached>): void => {
    for (const one of found)
      if (isOurs(one.folder) && (!workspaces.has(one.folder) || starts.includes(one.folder))) packages.set(one.folder, one);
  };
  add(findClosure([...starts, ...workspaces], false).values());
  for (;;) {
    const size = packages.size + loose.size;
    const tops = outermost([
      ...[...packages.values()].map((one) => topOf(one, workspaces)),
      ...[...loose].map(topOfLoose),
      ...[...packages.keys()].flatMap((folder) => linkedModules(folder, isOurs)),
    ]);
    const reach = findReach({
      packages,
      loose,
      topOf: nearestOf(tops),
      // What nobody declares goes in from a package's own folder only: others hold what is somebody else's.
      takesUndeclared: (place, folder) => isOurs(place) && (packages.has(folder) || loose.has(folder)) && !idle.has(place),
    });
    add(reach.packages.values());
    for (const place of reach.loose) if (isOurs(place)) loose.add(place);
    if (packages.size + loose.size === size) return { packages, loose: new Set(outermost([...loose])), tops };
  }
}

/** The root of the workspace around a package, where things are installed in it. */
function workspaceAbove(start: string): string[] {
  for (let folder = dirname(start); ; folder = dirname(folder)) {
    const json = readPackageJson(folder);
    const names = json !== "absent" && json !== "broken" && json.workspaces.length > 0;
    if (names || existsSync(join(folder, "pnpm-workspace.yaml"))) return existsSync(join(folder, "node_modules")) ? [folder] : [];
    if (folder === dirname(folder)) return [];
  }
}

/** Tells in which of some folders a path lies. */
function nearestOf(tops: readonly string[]): (path: string) => string | null {
  const known = new Set(tops);
  return (path) => {
    for (let folder = path; ; folder = dirname(folder)) {
      if (known.has(folder)) return folder;
      if (folder === dirname(folder)) return null;
    }
  };
}

function outermost(folders: readonly string[]): string[] {
  const unique = [...new Set(folders)].sort();
  return unique.filter((folder) => !unique.some((other) => other !== folder && isWithin(folder, other)));
}

/**
 * The highest folder whose node_modules a package needs, or its own; of an installed package at least
 * the one whose node_modules holds it, which is named by shims; of a workspace's member the workspace's.
 */
function topOf({ folder, dependencies }: Reached, workspaces: ReadonlySet<string>): string {
  const holder = /^(.*)\/node_modules\/(?:@[^/]+\/)?[^/]+$/.exec(folder)?.[1];
  // "/node_modules", as in images of containers.
  const around = holder === "" ? "/" : (holder ?? folder);
  const workspace = [...workspaces].find((one) => isWithin(folder, one)) ?? around;
  const start = isWithin(around, workspace) ? workspace : around;
  return dependencies.reduce((top, { at }) => (isWithin(top, at) ? at : top), start);
}

/** Where a package's node_modules is a link, the tree that it leads to. */
function linkedModules(folder: string, isOurs: (folder: string) => boolean): string[] {
  const link = join(folder, "node_modules");
  if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() !== true || !existsSync(link)) return [];
  const target = realpathSync(link);
  return isOurs(target) ? [topOfLoose(target)] : [];
}

/** A node_modules folder keeps its name, and a file its folder. */
function topOfLoose(place: string): string {
  return basename(place) === "node_modules" || !statSync(place).isDirectory() ? dirname(place) : place;
}

/** Never "node_modules": Node would not look into a node_modules of such a folder. */
function nameOf(top: string, links: readonly OutsideLink[]): string {
  const link = links.find(({ folder }) => isWithin(folder, top));
  return link?.kind === "modules" ? "modules" : (link?.name ?? basename(top));
}

function describe({ folder, json }: Reached, top: string, dev: boolean): InstalledPackage {
  return { name: json.name ?? basename(folder), version: json.version ?? "0.0.0", path: below(folder, top), dev };
}

function joinBelow(folder: string, path: string): string {
  return folder === "" ? path : `${folder}/${path}`;
}

function uniqueBy<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()];
}

/** A name that tells nothing of the packer's folders. */
function uniqueName(name: string, taken: Set<string>): string {
  const plain =
    name
      .replace(/^@/, "")
      .replace(/[^\w.@+-]+/g, "-")
      .replace(/^\.+/, "") || "package";
  let unique = plain;
  for (let number = 2; taken.has(unique); number++) unique = `${plain}-${number}`;
  taken.add(unique);
  return unique;
}
