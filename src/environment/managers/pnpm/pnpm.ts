import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Bin } from "../../environment.js";
import { flagsOf } from "../lock-graph.js";
import type { DevelopmentFlags, PackageManager, Project } from "../manager.js";
import { foldersInside, readSetting, readYaml } from "../settings.js";
import { CURRENT, readPnpmLock, readPnpmVersion } from "./lockfile.js";
import { readPnpmRecord } from "./record.js";

/** pnpm: real packages in node_modules/.pnpm, links to them; or hoisted as npm does. */
export const pnpm: PackageManager = {
  name: "pnpm",
  // An environment that was packed once comes without .modules.yaml.
  marks: ["node_modules/.modules.yaml", CURRENT],
  stores: [".pnpm"],
  lockfiles: ["pnpm-lock.yaml"],
  workspaceFile: "pnpm-workspace.yaml",
  readVersion: readPnpmVersion,
  readDevelopment,
  readRecord: ({ root }) => readPnpmRecord(root),
  // Census, "pnpm, all": .modules.yaml names the store in the packer's home (pnpm 10 takes a tree of another store for
  // foreign, and wipes it), .pnpm-workspace-state has the project's own path for key; .pnpm-config (pnpm 11 and later)
  // holds links into that store, to what configures pnpm itself.
  state: [
    "node_modules/.modules.yaml",
    "node_modules/.pnpm-workspace-state.json",
    "node_modules/.pnpm-workspace-state-v1.json",
    "node_modules/.pnpm-config",
  ],
  cacheFolders,
  install: {
    locked: "pnpm install --frozen-lockfile",
    // On CI it takes the lockfile for frozen.
    fresh: "pnpm install --no-frozen-lockfile",
    // Without --force what is there is not looked into.
    repair: "pnpm install --frozen-lockfile --force",
  },
  cross: {
    args: ["--os={os}", "--cpu={cpu}", "--libc={libc}"],
    setting: "supportedArchitectures in pnpm-workspace.yaml",
    brings: "exact",
    frozen: {
      // Copies: hard links into a store, or between packages, would depend on the machine.
      args: [
        "install",
        "--frozen-lockfile",
        "--ignore-scripts",
        "--prefer-offline",
        "--config.package-import-method=copy",
        "--config.enable-global-virtual-store=false",
      ],
      onWindows: ["--config.node-linker=hoisted"],
      env: { CI: "true" },
      since: "10.14.0",
      outdated: /ERR_PNPM_(OUTDATED_LOCKFILE|LOCKFILE_CONFIG_MISMATCH|NO_LOCKFILE)/,
    },
  },
  nodePath,
};

function readDevelopment(project: Project): DevelopmentFlags | null {
  const lock = readPnpmLock(project.root);
  return lock === null ? null : flagsOf(lock, project);
}

function cacheFolders(root: string): string[] {
  const settings = readYaml(join(root, "pnpm-workspace.yaml"));
  const named = [settings?.cacheDir, readSetting(root, ".npmrc", ["cache-dir"])];
  return foldersInside(
    root,
    named.filter((folder) => typeof folder === "string"),
  );
}

/**
 * pnpm's shims let a command find what its package does not declare: the dependencies of that package
 * and all that pnpm hoists into `.pnpm/node_modules`. A plugin's configuration file that
 * requires another plugin depends on it.
 */
function nodePath({ root }: Project, { file, start }: Bin): readonly string[] | undefined {
  const match = /^(.*?node_modules\/\.pnpm)\/([^/]+)\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file);
  if (start !== "node") return undefined;
  if (match === null) return nodePathOutside(root, file);
  const [, store, id, name] = match;
  const folders = [`${store}/${id}/node_modules/${name}/node_modules`, `${store}/${id}/node_modules`, `${store}/node_modules`];
  return folders.filter((folder) => existsSync(join(root, folder)));
}

/** With the global virtual store the packages lie in the user's home, and go in from there. */
function nodePathOutside(root: string, file: string): readonly string[] | undefined {
  const hoisted = "node_modules/.pnpm/node_modules";
  if (!file.startsWith("../") || !existsSync(join(root, hoisted))) return undefined;
  const around = /^.*\/node_modules(?=\/(?:@[^/]+\/)?[^/]+\/)/.exec(file);
  return around === null ? [hoisted] : [around[0], hoisted];
}
