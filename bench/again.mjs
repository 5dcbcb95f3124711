import { createHash } from "node:crypto";
import { copyFileSync, existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packRun } from "./envpack.mjs";
import { measure } from "./measure.mjs";
import { INPUTS } from "./places.mjs";

const MARK = "envpackBenchRound";

/**
 * Packing again with one package changed, against packing the same afresh.
 *
 * @param {import("./envpack.mjs").Runtime} runtime
 * @param {import("./tree.mjs").Tree} tree
 * @returns {Pick<import("./rounds.mjs").Pair, "ours" | "theirs" | "beforeRound" | "afterRound" | "afterAll">}
 */
export function packAgain(runtime, tree) {
  const { again, afresh, ...rounds } = makeRounds(runtime, tree);
  const digests = [];
  const keepDigest = ({ result }) => digests.push(createHash("sha256").update(readFileSync(result)).digest("hex"));
  return {
    ours: { ...again, after: () => keepDigest(again) },
    theirs: { ...afresh, after: () => keepDigest(afresh) },
    ...rounds,
    afterRound: () => {
      const [one, other] = digests.splice(0);
      // Both ways give the same bytes, or the comparison means nothing.
      if (one !== other) throw new Error("packing again gave other bytes than packing afresh");
    },
  };
}

/**
 * Packing again with one package changed, against another program that packs it all.
 *
 * @param {import("./measure.mjs").Run} theirs
 * @returns {Pick<import("./rounds.mjs").Pair, "ours" | "theirs" | "beforeRound" | "afterAll">}
 */
export function packAgainBeside(runtime, tree, theirs) {
  const { again, afresh: _, ...rounds } = makeRounds(runtime, tree);
  return { ours: again, theirs, ...rounds };
}

function makeRounds(runtime, tree) {
  const previous = join(INPUTS, "previous.tar.zst");
  const changed = smallPackage(tree);
  const afresh = { ...packRun(runtime, tree, "tar.zst"), name: "packing afresh" };
  return {
    afresh,
    again: { ...packRun(runtime, tree, "tar.zst", ["--reuse", previous]), name: "packing again, one package changed" },
    beforeRound: (round) => {
      install(changed, 2 * round);
      rmSync(previous, { force: true });
      measure({ ...afresh, variables: { ...afresh.variables, RESULT: previous }, result: previous });
      install(changed, 2 * round + 1);
    },
    afterAll: () => install(changed, null),
  };
}

function smallPackage({ project }) {
  const modules = join(project, "node_modules");
  const names = readdirSync(modules).filter((name) => existsSync(join(modules, name, "package.json")));
  return join(modules, names.find((name) => name === "acorn") ?? names[names.length >> 1]);
}

/** As a package manager installs another version: every file is a new one, and one has other content. */
function install(folder, mark) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }).filter((found) => found.isFile())) {
    const path = join(entry.parentPath, entry.name);
    const copy = `${path}.new`;
    copyFileSync(path, copy);
    renameSync(copy, path);
  }
  const path = join(folder, "package.json");
  const { [MARK]: _, ...metadata } = JSON.parse(readFileSync(path, "utf8"));
  writeFileSync(path, JSON.stringify(mark === null ? metadata : { ...metadata, [MARK]: mark }, null, 2));
}
