import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fails, ok, warning, type Finding } from "./finding.js";
import { start } from "./start.js";

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
    if (isTight) found.push(fails("WebAssembly", `${what}, and Node.js cannot make any WebAssembly memory in it`, helps ? `ulimit -v unlimited, or start node with ${WITHOUT_GUARDS}` : "ulimit -v unlimited"));
    else found.push(ok("WebAssembly", `${what}, which is enough for it`));
  }
  const yarn = await checkYarn(env);
  if (yarn !== null) found.push(yarn);
  return found.length > 0 ? found : [ok("WebAssembly", "virtual memory is not limited")];
}

/** Bytes of address space that this process may have; null: as many as it likes, or nobody knows. */
async function addressLimit(): Promise<number | null> {
  const limits = await readFile("/proc/self/limits", "utf8").catch(() => "");
  const soft = /^Max address space\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? null : Number(soft);
}

/** In a container of YARN, or where its settings lie: its own check is on unless it was turned off. */
async function checkYarn(env: NodeJS.ProcessEnv): Promise<Finding | null> {
  const folder = env.HADOOP_CONF_DIR ?? env.YARN_CONF_DIR ?? (env.HADOOP_HOME === undefined ? null : join(env.HADOOP_HOME, "etc/hadoop"));
  const settings = folder === null ? null : await readFile(join(folder, "yarn-site.xml"), "utf8").catch(() => null);
  const isContainer = env.CONTAINER_ID?.startsWith("container_") === true;
  if (settings === null && !isContainer) return null;
  if (settings !== null && valueOf(settings, "yarn.nodemanager.vmem-check-enabled") === "false") return ok("YARN", "its check of virtual memory is off");
  const where = isContainer && settings === null ? "this is a container of YARN, which checks virtual memory unless it is told not to" : "YARN checks virtual memory here";
  return warning("YARN", `${where}: where that is enforced, it kills a Node.js that uses WebAssembly, as fetch does, since that reserves 8 to 10 GB`, `yarn.nodemanager.vmem-check-enabled=false on the nodes; ${WITHOUT_GUARDS} alone leaves 4 GB, or what the memory has as its maximum`);
}

function valueOf(xml: string, name: string): string | null {
  for (const [property] of xml.replace(/<!--[^]*?-->/g, "").matchAll(/<property>[^]*?<\/property>/g)) {
    if (/<name>\s*(.*?)\s*<\/name>/.exec(property)?.[1] === name) return /<value>\s*(.*?)\s*<\/value>/.exec(property)?.[1] ?? null;
  }
  return null;
}
