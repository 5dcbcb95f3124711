import { readFile } from "node:fs/promises";
import { fails, ok, type Finding } from "./finding.js";
import { start } from "./run-probe.js";
import { checkYarn } from "./yarn.js";

/** One page of it makes Node reserve 8 to 10 GB of addresses, for guards around it. */
const WASM = "new WebAssembly.Memory({initial:1})";
const WITHOUT_GUARDS = "--disable-wasm-trap-handler";

/**
 * Whether WebAssembly works within the limit of virtual memory: Node's own fetch uses it, so that many
 * programs do without knowing. YARN has a limit of its own, which kills.
 *
 * @param node the one that will run the environment
 */
export async function checkMemory(node: string, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const limit = await addressLimit();
  const found: Finding[] = [];
  if (limit !== null) {
    const isTight = (await start(node, ["-e", WASM])).status !== 0;
    const helps = isTight && (await start(node, [WITHOUT_GUARDS, "-e", WASM])).status === 0;
    const what = `virtual memory is limited to ${Math.round(limit / 1e6)} MB (ulimit -v)`;
    if (isTight)
      found.push(
        fails(
          "WebAssembly",
          `${what}, and Node.js cannot make any WebAssembly memory in it`,
          helps ? `ulimit -v unlimited, or start node with ${WITHOUT_GUARDS}` : "ulimit -v unlimited",
        ),
      );
    else found.push(ok("WebAssembly", `${what}, which is enough for it`));
  }
  const yarn = await checkYarn(env);
  if (yarn !== null) found.push(yarn);
  return found.length > 0 ? found : [ok("WebAssembly", "this process has no limit of virtual memory (ulimit -v)")];
}

/** Bytes of address space that this process may have; null: as many as it likes, or nobody knows. */
async function addressLimit(): Promise<number | null> {
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
  const soft = /^Max address space\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? null : Number(soft);
}
