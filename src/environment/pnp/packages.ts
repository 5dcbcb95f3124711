import { existsSync } from "node:fs";
import { basename, join, posix, resolve } from "node:path";
import { EnvpackError } from "../../support/errors.js";
import type { Notice } from "../../support/progress.js";
import { orTell } from "../check-installed.js";
import { enumerate } from "../../support/enumerate.js";
import { collectBins, declaredBins, directDependencies, missing, type BinOwner, type Locate } from "../bins.js";
import type { Bin, InstalledPackage, OutsideTree } from "../environment.js";
import type { ProjectPackages } from "../kinds/project-packages.js";
import type { Project } from "../managers/manager.js";
import { gatherOutside } from "../gather-outside.js";
import { below, isWithin, packagesOutside, placesOf, type OutsideLink } from "../outside.js";
import { readConditional } from "../managers/yarn4/lockfile.js";
import { NO_PACKAGE_JSON, readPackageJson, readPackageJsonText, type PackageJson } from "../package-json.js";
import { readProgramStart, startOf } from "../program-start.js";
import { ownerName, type StartedBin } from "../started-bin.js";
import { formatLocation, formatPath, parseLocation, splitZip } from "./location.js";
import { isMissedHere } from "./missed-here.js";
import { readPnpState, type PnpPackage, type PnpState } from "./state.js";
import { readZip } from "./zip.js";

const PROGRAM = ".pnp.cjs";
const LOADER = ".pnp.loader.mjs";

/** Whether packages are found through Yarn's Plug'n'Play. */
export function hasPnp(root: string): boolean {
  return existsSync(join(root, PROGRAM));
}

/**
 * The packages of a project with Plug'n'Play: archives in Yarn's cache (its own, or the user's, from
 * which they are brought into `.yarn/cache`), unplugged folders, and folders of `link:` and `portal:`.
 *
 * @param tell is given what is wrong with an archive: throws it, or notes it
 */
export function readPnpPackages(project: Project, member: string | null, tell: (error: EnvpackError) => void): ProjectPackages {
  const { root } = project;
  const state = readPnpState(root);
  const focus = member === null ? ["", ...project.members.map(({ path }) => path)] : [member];
  const all = reach(state, project, focus, true);
  const needed = reach(state, project, focus, false);
  const goingIn = member === null ? [...state.packages.values()] : [...all];
  const lots = goingIn.filter(({ reference }) => !reference.startsWith("workspace:") && reference !== "");
  const places = new Places(root, lots);
  const packages = [...listWorkspaces(project, goingIn), ...places.list(needed), ...packagesOutside(places.outside)];
  const find: Locate = (folder, name) => orTell(() => locate(state, places, folder, name), tell);
  const { bins, notices } = collectBins(owners(project, focus, find), find);
  return {
    packages: packages.sort((a, b) => (a.path < b.path ? -1 : 1)),
    bins,
    member: member === null ? null : { path: member, closure: closureOf(packages, state.file) },
    outside: places.outside,
    links: places.links,
    pnp: {
      file: PROGRAM,
      state: state.file,
      loader: existsSync(join(root, LOADER)) ? LOADER : null,
      rewritten: state.relocate((location) => places.move(location)),
      broughtIn: places.broughtIn,
    },
    notices: [...notices, ...places.noticeMissing(tell)],
  };
}

function closureOf(packages: readonly InstalledPackage[], state: string): Set<string> {
  return new Set([...packages.map(({ path }) => path).filter((path) => path !== ""), "package.json", PROGRAM, LOADER, state]);
}

/** What the packages of these folders reach, themselves included. */
function reach(state: PnpState, project: Project, focus: readonly string[], development: boolean): Set<PnpPackage> {
  const reached = new Set<PnpPackage>();
  const pending = focus.flatMap((folder) => workspaceAt(state, folder));
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (reached.has(next)) continue;
    reached.add(next);
    const json = next.reference.startsWith("workspace:") ? jsonAt(project, parseLocation(next.location).path) : null;
    for (const [name, key] of next.dependencies) {
      const found = state.packages.get(key);
      if (found !== undefined && (development || !isDevelopment(json, name))) pending.push(found);
    }
  }
  return reached;
}

function isDevelopment(json: PackageJson | null, name: string): boolean {
  return json !== null && json.devDependencies.has(name) && !json.dependencies.has(name) && !json.optionalDependencies.has(name);
}

function workspaceAt(state: PnpState, folder: string): PnpPackage[] {
  return [...state.packages.values()].filter(({ reference, location }) => {
    return reference.startsWith("workspace:") && parseLocation(location).path === folder;
  });
}

function jsonAt({ json, members }: Project, folder: string): PackageJson | null {
  return folder === "" ? json : (members.find(({ path }) => path === folder)?.json ?? null);
}

function owners(project: Project, focus: readonly string[], find: Locate): BinOwner[] {
  return focus.map((folder) => {
    const json = jsonAt(project, folder) ?? NO_PACKAGE_JSON;
    return { ...onDisk(join(project.root, folder), folder, json), started: (name) => findLast(json, folder, name, find) };
  });
}

/** There is no `.bin`: of several packages that have a command `yarn run` starts that of the last one by name. */
function findLast(json: PackageJson, folder: string, command: string, find: Locate): StartedBin | null {
  for (const name of directDependencies(json).reverse()) {
    const owner = find(folder, name);
    const file = owner === null ? undefined : declaredBins(owner).find(([declared]) => declared === command)?.[1];
    const bin = owner === null || file === undefined ? "" : owner.readBin(command, file);
    if (owner !== null && typeof bin !== "string") return { ...bin, owner: ownerName(name, owner.json) };
  }
  return null;
}

function listWorkspaces(project: Project, goingIn: readonly PnpPackage[]): InstalledPackage[] {
  const folders = goingIn.filter(({ reference }) => reference.startsWith("workspace:")).map(({ location }) => parseLocation(location).path);
  return [...new Set(folders)].map((path) => {
    const json = jsonAt(project, path);
    return { name: json?.name ?? basename(join(project.root, path)), version: json?.version ?? "0.0.0", path, dev: false };
  });
}

function locate(state: PnpState, places: Places, folder: string, name: string): BinOwner | null {
  for (const workspace of workspaceAt(state, folder)) {
    const found = state.packages.get(workspace.dependencies.get(name) ?? "");
    if (found !== undefined) return places.open(found);
  }
  return null;
}

function onDisk(disk: string, path: string, json: PackageJson): BinOwner {
  const readBin = (name: string, file: string): Bin | string => {
    const target = join(disk, file);
    return existsSync(target) ? { name, file: posix.join(path, file), ...readProgramStart(target) } : missing(file);
  };
  return { path, json, readBin, filesIn: () => [] };
}

/** Where the packages lie now, and where they will. */
class Places {
  readonly #root: string;
  readonly #packages: readonly PnpPackage[];
  readonly outside: readonly OutsideTree[];
  readonly links: readonly OutsideLink[];
  /** The present place of what comes into .yarn/cache, by the path relative to the root that it gets. */
  readonly broughtIn = new Map<string, string>();
  readonly #absent: { readonly path: string; readonly package: PnpPackage }[] = [];

  constructor(root: string, packages: readonly PnpPackage[]) {
    this.#root = root;
    this.#packages = packages;
    this.links = packages.flatMap(({ name, location }) => {
      const { path } = parseLocation(location);
      const folder = resolve(root, path);
      return splitZip(path) === null && !isWithin(folder, root) && existsSync(folder) ? [{ path: name, name, folder }] : [];
    });
    this.outside = gatherOutside(root, this.links);
    for (const one of packages) this.#bringZip(one, parseLocation(one.location).path);
  }

  #bringZip(one: PnpPackage, path: string): void {
    const zip = splitZip(path)?.zip;
    const file = resolve(this.#root, zip ?? path);
    if (!existsSync(file)) this.#absent.push({ path: zip ?? path, package: one });
    else if (zip !== undefined && !isWithin(file, this.#root)) this.broughtIn.set(`.yarn/cache/${posix.basename(zip)}`, file);
  }

  /** Where something below the root or outside it will lie, relative to the root. */
  #newPath(path: string): string {
    const file = resolve(this.#root, path);
    const split = splitZip(path);
    if (isWithin(file, this.#root)) return path;
    if (split !== null) return posix.join(".yarn/cache", posix.basename(split.zip), split.inside);
    for (const [folder, place] of placesOf(this.outside)) {
      if (isWithin(file, folder)) return posix.join(place, below(file, folder));
    }
    return path;
  }

  /** A location as .pnp.cjs will have it. */
  move(location: string): string {
    const { path, virtual } = parseLocation(location);
    const moved = this.#newPath(path);
    return moved === path ? location : formatLocation({ path: moved, virtual });
  }

  /** The installed packages, one a folder or archive. @param needed without development */
  list(needed: ReadonlySet<PnpPackage>): InstalledPackage[] {
    const found = new Map<string, InstalledPackage>();
    for (const one of this.#packages) {
      const path = this.#newPath(parseLocation(one.location).path);
      const place = splitZip(path)?.zip ?? path;
      if (place.startsWith("../") || this.#absent.some((absent) => absent.package === one)) continue;
      const dev = !needed.has(one) && (found.get(place)?.dev ?? true);
      found.set(place, { name: one.name, version: versionOf(one.reference), path: place, dev });
    }
    return [...found.values()];
  }

  open({ location }: PnpPackage): BinOwner | null {
    const { path, virtual } = parseLocation(location);
    const split = splitZip(path);
    const moved = formatPath({ path: this.#newPath(path), virtual });
    if (split === null) {
      const json = readPackageJson(join(this.#root, path));
      return json === "absent" || json === "broken" ? null : onDisk(join(this.#root, path), moved, json);
    }
    const file = resolve(this.#root, split.zip);
    if (!existsSync(file)) return null;
    const zip = readZip(file);
    const json = readPackageJsonText(zip.read(posix.join(split.inside, "package.json"))?.toString() ?? "");
    const readBin = (name: string, bin: string): Bin | string => {
      const content = zip.read(posix.join(split.inside, bin));
      return content === null ? missing(bin) : { name, file: posix.join(moved, bin), ...startOf(content) };
    };
    const filesIn = (folder: string): string[] => {
      const prefix = `${posix.join(split.inside, folder)}/`;
      return zip.names
        .filter((name) => name.startsWith(prefix))
        .map((name) => name.slice(prefix.length))
        .filter((name) => !name.includes("/"));
    };
    return json === null ? null : { path: moved, json, readBin, filesIn };
  }

  /**
   * Packages for other platforms are known and not fetched, as the lockfile says, and nothing has to be told of them. What else is
   * not there somebody took away; without a lockfile nothing says which it is.
   */
  noticeMissing(tell: (error: EnvpackError) => void): Notice[] {
    if (this.#absent.length === 0) return [];
    const conditional = readConditional(this.#root);
    const absent = new Set(this.#absent.map(({ package: one }) => one));
    const isForHere = isMissedHere(
      this.#root,
      this.#packages.filter((one) => !absent.has(one)).map(({ name }) => name),
    );
    const lost = this.#absent.filter(
      ({ package: one }) =>
        conditional?.has(`${one.name}@${one.reference.replace(/^virtual:[^#]*#/, "")}`) === false || isForHere(one.name),
    );
    if (lost.length > 0)
      tell(
        lostPackages(
          this.#root,
          lost.map(({ package: one }) => `${one.name}@${versionOf(one.reference)}`),
        ),
      );
    if (conditional !== null) return [];
    const message = `${PROGRAM} names packages that are not there, ${this.#absent.length} in all, and there is no lockfile to tell why`;
    return [{ code: "PNP_MISSING", message, path: this.#absent[0]?.path }];
  }
}

function lostPackages(root: string, names: readonly string[]): EnvpackError {
  return new EnvpackError("LOCK_MISMATCH", `${PROGRAM} names what is not there: ${enumerate(names)}`, {
    path: root,
    hint: "bring it back with `yarn install --immutable`, or pack what is there with `--ignore-lock`",
  });
}

/** "virtual:…#npm:4.4.3" → "4.4.3"; a patch or an address tells none. */
function versionOf(reference: string): string {
  return /(?:^|#)npm:(?:.*@)?(\d[^:#]*)$/.exec(reference)?.[1] ?? /[?:&]version=([^&:]+)/.exec(reference)?.[1] ?? "0.0.0";
}
