/** Container images: against envpack's own archive, which does as much less the layout, and against buildah, which makes the same image. */
import { appendFileSync, copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, truncateSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packRun } from "./envpack.mjs";
import { measure } from "./measure.mjs";
import { CACHE, INPUTS, OUTPUT } from "./places.mjs";

/** Both with the runtime: an image without one runs nothing. */
const withNode = (run) => ({ ...run, script: run.script.replace("--node none ", "") });

/** A container image with this machine's C library. @returns {import("./measure.mjs").Run} */
function packLayout(runtime, tree, more = []) {
  return withNode(packRun(runtime, tree, "oci.tar", ["--base", "none", ...more]));
}

function packArchive(runtime, tree) {
  return withNode(packRun(runtime, tree, "tar.gz", ["--no-reuse"]));
}

/** Afresh: nothing is taken from what was packed before. */
export function imageAfresh(runtime, tree) {
  return { ours: packLayout(runtime, tree, ["--no-reuse"]), theirs: packArchive(runtime, tree) };
}

/** One source file changed since the layout that is reused. */
export function imageAgain(runtime, tree) {
  const previous = join(INPUTS, "previous.oci.tar");
  const before = packLayout(runtime, tree);
  const { source, restore } = changedFile(tree);
  return {
    ours: { ...packLayout(runtime, tree, ["--reuse", previous]), name: "envpack pack -o .oci.tar again, a source file changed" },
    theirs: packArchive(runtime, tree),
    beforeRound: (round) => {
      rmSync(previous, { force: true });
      measure({ ...before, variables: { ...before.variables, RESULT: previous }, result: previous });
      appendFileSync(source, `// ${round}\n`);
    },
    afterAll: restore,
  };
}

/** Any file that is the project's own. */
function changedFile({ project }) {
  const found = readdirSync(project, { withFileTypes: true }).find((entry) => entry.isFile() && /\.[cm]?js$/.test(entry.name));
  const source = join(project, found?.name ?? "bench-source.js");
  const isNew = !existsSync(source);
  if (isNew) writeFileSync(source, "");
  const { size } = statSync(source);
  return { source, restore: () => (isNew ? rmSync(source) : truncateSync(source, size)) };
}

/**
 * buildah with what it has stored before: the base and the layers of node and of dependencies are cached, and the source
 * file has changed, which is what a build after a commit is.
 */
export function imageBuildah(runtime, tree) {
  const again = imageAgain(runtime, tree);
  const store = join(CACHE, "buildah");
  const folder = join(CACHE, "buildah-files");
  mkdirSync(folder, { recursive: true });
  copyFileSync(runtime.node, join(folder, "node"));
  const dockerfile = join(folder, "Dockerfile");
  const lines = [
    "FROM scratch",
    "COPY --from=files node /opt/app/bin/node",
    "COPY --from=modules . /opt/app/app/node_modules",
    "COPY . /opt/app/app/",
    'ENTRYPOINT ["/opt/app/bin/node"]',
  ];
  writeFileSync(dockerfile, `${lines.join("\n")}\n`);
  writeFileSync(join(folder, "ignored"), "node_modules\n");
  const result = join(OUTPUT, "theirs.oci.tar");
  const words = `buildah --root "$STORE/root" --runroot "$STORE/run" --storage-driver vfs`;
  const theirs = {
    name: "buildah bud, caches warm",
    script: `${words} bud -q --layers --isolation chroot --build-context files="$FILES" --build-context modules="$TREE/node_modules" --ignorefile "$FILES/ignored" -f "$DOCKERFILE" -t app "$TREE" && ${words} push -q app oci-archive:"$RESULT":app`,
    variables: { STORE: store, FILES: folder, DOCKERFILE: dockerfile, TREE: tree.project, RESULT: result },
    result,
  };
  return {
    ...again,
    theirs,
    beforeRound: (round) => {
      measure(theirs);
      again.beforeRound(round);
    },
    afterAll: () => {
      again.afterAll();
      rmSync(store, { recursive: true, force: true });
    },
  };
}
