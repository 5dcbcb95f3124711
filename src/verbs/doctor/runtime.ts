import { join } from "node:path";
import type { Manifest } from "../../manifest/manifest.js";
import { fails, ok, warning, type Finding } from "./finding.js";
import { firstLine, start } from "./run-probe.js";

/**
 * Whether a node starts: the environment's own, where it is restored, else the one of PATH.
 *
 * @param folder where the environment lies; null of an archive
 * @param path the PATH to look in
 */
export async function checkRuntime({ runtime }: Manifest, folder: string | null, path: string | undefined): Promise<Finding> {
  if (runtime === null) return checkOwnNode(path);
  if (folder === null) return ok("runtime", `it brings Node.js ${runtime.version}`);
  const { status, output } = await start(join(folder, "bin/node"), ["--version"]);
  if (status === 0 && output.trim() === `v${runtime.version}`) return ok("runtime", `bin/node starts: ${output.trim()}`);
  if (status === 0)
    return warning(
      "runtime",
      `bin/node says ${firstLine(output)}, and ${runtime.version} was packed`,
      "envpack verify tells what was changed",
    );
  return fails("runtime", `bin/node does not start: ${firstLine(output)}`, "see the other lines; envpack verify tells what was changed");
}

async function checkOwnNode(path: string | undefined): Promise<Finding> {
  const { status, output } = await start("node", ["--version"], { PATH: path });
  if (status === 0) return ok("runtime", `it brings none; node on PATH is ${output.trim()}`);
  return fails("runtime", "it brings no Node.js, and there is none on PATH", "install one, or pack with --node current");
}
