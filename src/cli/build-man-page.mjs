/**
 * Makes dist/man/envpack.1 with the tool that was just built; an npm that installs it globally puts the page
 * where man looks.
 *
 *     npm run build
 */
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { outputFile } from "fs-extra/esm";

const ROOT = dirname(dirname(import.meta.dirname));

await outputFile(join(ROOT, "dist/man/envpack.1"), execFileSync(process.execPath, [join(ROOT, "bin/envpack.js"), "man"]));
