import { flagsOf } from "../lock-graph.js";
import type { PackageManager } from "../manager.js";
import { foldersInside, readSetting } from "../settings.js";
import { YARN_LOCK } from "../yarn-graph.js";
import { isYarn1Lock, readYarn1Lock } from "./lockfile.js";
import { INTEGRITY, readYarn1Record } from "./record.js";

/** Yarn classic, version 1: a flat node_modules. */
export const yarn1: PackageManager = {
  name: "yarn",
  marks: [INTEGRITY],
  stores: [],
  lockfiles: [YARN_LOCK],
  owns: ({ lockfile, version }) => (version === undefined ? isYarn1Lock(lockfile ?? "") : /^[01]\./.test(version)),
  readDevelopment: (project) => {
    const lock = readYarn1Lock(project);
    return lock === null ? null : flagsOf(lock, project);
  },
  readRecord: readYarn1Record,
  state: [],
  cacheFolders: (root) =>
    foldersInside(root, [readSetting(root, ".yarnrc", ["cache-folder"]), readSetting(root, ".yarnrc", ["yarn-offline-mirror"])]),
  install: {
    locked: "yarn install --frozen-lockfile",
    fresh: "yarn install",
    // Else it takes its note's word that all is there.
    repair: "yarn install --frozen-lockfile --force",
  },
  cross: { args: ["--ignore-platform"], brings: "all", frozen: null },
};
