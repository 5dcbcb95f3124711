import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { CACHE, ENVPACK, INPUTS, OUTPUT } from "./places.mjs";

/** What envpack remembers between runs goes here, not into the user's own cache. */
const REMEMBERED = { XDG_CACHE_HOME: join(CACHE, "user-cache") };

/**
 * envpack on one version of Node.
 *
 * @typedef {object} Runtime
 * @property {string} version
 * @property {string} node path of the binary
 * @property {"newest" | "base"} column of the goals
 */

/**
 * Packs without a runtime: the others would not bring one either.
 *
 * @param {Runtime} runtime
 * @param {import("./tree.mjs").Tree} tree
 * @param {"tar.zst" | "tar.gz"} format
 * @param {string[]} [more] options
 * @returns {import("./measure.mjs").Run}
 */
export function packRun(runtime, tree, format, more = []) {
  const result = join(OUTPUT, `ours.${format}`);
  return {
    name: `envpack pack -o .${format}`,
    script: `"$NODE" "$ENVPACK" pack "$TREE" --node none -q -o "$RESULT" ${more.map((_, index) => `"$MORE${index}"`).join(" ")}`,
    variables: {
      ...REMEMBERED,
      NODE: runtime.node,
      ENVPACK,
      TREE: tree.project,
      RESULT: result,
      ...Object.fromEntries(more.map((option, index) => [`MORE${index}`, option])),
    },
    result,
  };
}

/** @returns {import("./measure.mjs").Run} @param {"file" | "stream"} from */
export function unpackRun(runtime, archive, from) {
  return {
    name: `envpack unpack, from a ${from}`,
    script: `"$NODE" "$ENVPACK" unpack ${from === "stream" ? '- "$TARGET" < "$ARCHIVE"' : '"$ARCHIVE" "$TARGET"'} -q`,
    variables: { NODE: runtime.node, ENVPACK, ARCHIVE: archive },
  };
}

/** Whether packing again may take what has not changed from an earlier archive. */
export function canReuse(runtime) {
  return spawnSync(runtime.node, [ENVPACK, "pack", "--help"], { encoding: "utf8" }).stdout.includes("--reuse");
}

export function oursArchive(format) {
  return join(INPUTS, `ours.${format}`);
}
