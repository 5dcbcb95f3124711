/** Archives of the tree, made before anything is measured: what unpacking starts from. */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { oursArchive, packRun } from "./envpack.mjs";
import { measure } from "./measure.mjs";
import { PLAIN_TAR } from "./peers.mjs";
import { INPUTS } from "./places.mjs";
import { findProgram } from "./programs.mjs";

/** Made by tar and the usual compressors. */
export const PLAIN_ARCHIVES = { "tar.zst": join(INPUTS, "theirs.tar.zst"), "tar.gz": join(INPUTS, "theirs.tar.gz") };

/**
 * The tar, and the archives that other programs make of it.
 *
 * @param {import("./tree.mjs").Tree} tree
 * @param {Set<"tar.zst" | "tar.gz">} formats
 */
export function makePlainInputs(tree, formats) {
  rmSync(INPUTS, { recursive: true, force: true });
  mkdirSync(INPUTS, { recursive: true });
  const gzip = findProgram("pigz") === null ? "gzip -6" : "pigz -6";
  make('tar -cf "$TAR" -C "$TREE" .', { TAR: PLAIN_TAR, TREE: tree.project });
  if (formats.has("tar.gz")) make(`${gzip} < "$TAR" > "$ARCHIVE"`, { TAR: PLAIN_TAR, ARCHIVE: PLAIN_ARCHIVES["tar.gz"] });
  if (formats.has("tar.zst")) make('zstd -3 -T0 -q < "$TAR" > "$ARCHIVE"', { TAR: PLAIN_TAR, ARCHIVE: PLAIN_ARCHIVES["tar.zst"] });
}

/** @param {import("./envpack.mjs").Runtime} runtime @param {import("./tree.mjs").Tree} tree @param {Set<"tar.zst" | "tar.gz">} formats */
export function makeOurInputs(runtime, tree, formats) {
  for (const format of formats) {
    const result = oursArchive(format);
    const run = packRun(runtime, tree, format);
    rmSync(result, { force: true });
    measure({ ...run, variables: { ...run.variables, RESULT: result }, result });
  }
}

/** Has the system read every file and input once: from here on all find them in its cache. */
export function warmUp(tree) {
  make('tar -cf - -C "$TREE" . | cat > /dev/null; cat "$INPUTS"/* > /dev/null', { TREE: tree.project, INPUTS });
}

function make(script, variables) {
  const { status } = spawnSync("bash", ["-o", "pipefail", "-c", script], {
    env: { ...process.env, ...variables },
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) throw new Error(`an input of the benchmark could not be made: ${script}`);
}
