import { existsSync } from "node:fs";
import { join } from "node:path";
import { flagsOf } from "../lock-graph.js";
import type { PackageManager } from "../manager.js";
import { foldersInside, readYaml } from "../settings.js";
import { YARN_LOCK } from "../yarn-graph.js";
import { readYarn4Lock } from "./lockfile.js";
import { readYarn4Record, STATE } from "./record.js";

const PNP = ".pnp.cjs";

/** Yarn 2 and later, with each of its linkers: Plug'n'Play (read in ../../pnp), node-modules, pnpm. */
export const yarn4: PackageManager = {
  name: "yarn",
  marks: [PNP, STATE, "node_modules/.package-map.json"],
  stores: [".store"],
  lockfiles: [YARN_LOCK],
  owns: ({ lockfile, version }) =>
    version === undefined ? /^__metadata:/m.test(lockfile ?? "") || lockfile?.trim() === "" : !/^[01]\./.test(version),
  readVersion: (root) => /yarn-(\d+\.\d+\.\d+[^/]*)\.c?js$/.exec(String(readYaml(join(root, ".yarnrc.yml"))?.yarnPath))?.[1] ?? null,
  readDevelopment: (project) => {
    const lock = readYarn4Lock(project);
    return lock === null ? null : flagsOf(lock, project);
  },
  readRecord: readYarn4Record,
  // Notes of what it did (census, "Yarn 4 pnpm linker": own path inside gzip), which it makes again.
  state: [".yarn/install-state.gz", ".yarn/build-state.yml"],
  cacheFolders,
  install: {
    locked: "yarn install --immutable",
    fresh: "yarn install",
    // It does not look into folders that are there.
    repair: "rm -rf node_modules && yarn install --immutable",
  },
  cross: {
    args: null,
    setting: "supportedArchitectures in .yarnrc.yml, and --mode=skip-build",
    brings: "exact",
    frozen: {
      args: ["install", "--immutable", "--mode=skip-build"],
      env: { YARN_ENABLE_SCRIPTS: "0", YARN_ENABLE_IMMUTABLE_INSTALLS: "1" },
      settings: {
        file: ".yarnrc.yml",
        fields: ({ os, arch, libc }) => ({
          supportedArchitectures: { os: [os], cpu: [arch], ...(libc === null ? {} : { libc: [libc] }) },
          nmMode: "classic",
        }),
      },
      digestsFolders: true,
      outdated: /YN0028/,
    },
  },
};

/** Plug'n'Play loads packages from the archives in there; other linkers have unpacked them. The usual `.yarn/cache` is known by its content. */
function cacheFolders(root: string): string[] {
  if (existsSync(join(root, PNP))) return [];
  const named = readYaml(join(root, ".yarnrc.yml"))?.cacheFolder;
  return foldersInside(root, [typeof named === "string" ? named : null]);
}
