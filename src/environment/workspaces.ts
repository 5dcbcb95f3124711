import { existsSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import fastGlob from "fast-glob";
import { readPnpmImporters } from "./managers/pnpm/lockfile.js";
import { expandPatterns } from "./workspace-patterns.js";
import { readPackageJson, type PackageJson } from "./package-json.js";

/** A member of a workspace. */
export interface Member {
  /** Relative to the workspace's root, parts joined by "/". */
  readonly path: string;
  readonly json: PackageJson;
}

/**
 * The members that a workspace root's package.json names, sorted by path. Patterns are npm's: a list
 * of globs for folders, "!" in front takes away. A folder without a readable package.json is no
 * member.
 *
 * @param patterns the `workspaces` of the root's package.json
 */
export async function findMembers(root: string, patterns: readonly string[]): Promise<readonly Member[]> {
  if (patterns.length === 0) return [];
  const files = await fastGlob(expandPatterns(patterns, join(root, "package.json")).map(toManifestPattern), {
    cwd: root,
    // They are open already, as many as are bearable.
    braceExpansion: false,
    ignore: ["**/node_modules/**"],
    followSymbolicLinks: false,
    dot: false,
  });
  const members: Member[] = [];
  for (const file of files.sort()) {
    const path = dirname(file);
    if (path === ".") continue;
    const json = readPackageJson(join(root, path));
    if (json !== "absent" && json !== "broken") members.push({ path, json });
  }
  return members;
}

/** "packages/*" as the package.json files that it stands for. */
function toManifestPattern(pattern: string): string {
  const [bang, folder] = pattern.startsWith("!") ? ["!", pattern.slice(1)] : ["", pattern];
  return `${bang}${folder.replace(/^\.?\//, "").replace(/(?<!\/)\/+$/, "")}/package.json`;
}

/**
 * The root of the workspace that has `folder` for a member; null where there is none. A root tells
 * its members by package.json, or by pnpm-workspace.yaml, whose patterns are not looked into.
 */
export async function findWorkspaceRoot(folder: string): Promise<string | null> {
  for (let above = dirname(folder); ; above = dirname(above)) {
    if (await hasMember(above, folder)) return above;
    if (above === dirname(above)) return null;
  }
}

async function hasMember(root: string, folder: string): Promise<boolean> {
  const json = readPackageJson(root);
  const path = relative(root, folder).split(sep).join("/");
  if (json !== "absent" && json !== "broken" && json.workspaces.length > 0) {
    const members = await findMembers(root, json.workspaces);
    return members.some((member) => member.path === path);
  }
  return pnpmImporters(root).includes(path);
}

/** The folders that a pnpm lockfile installs for, as its `importers:` lists them; empty without one. */
export function pnpmImporters(root: string): string[] {
  return [...readPnpmImporters(root)];
}

/** The members of a pnpm workspace by its lockfile, sorted by path. */
export function findPnpmMembers(root: string): readonly Member[] {
  const members: Member[] = [];
  for (const path of pnpmImporters(root).sort()) {
    if (path === "." || path.startsWith("..") || !existsSync(join(root, path))) continue;
    const json = readPackageJson(join(root, path));
    if (json !== "absent" && json !== "broken") members.push({ path, json });
  }
  return members;
}

/** Whether the folder has dependencies of its own installed. */
export function hasInstalled(folder: string): boolean {
  return existsSync(join(folder, "node_modules")) || existsSync(join(folder, ".pnp.cjs"));
}
