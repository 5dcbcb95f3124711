import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readShortText } from "../../support/read-text.js";
import { ok, warning, type Finding } from "./finding.js";

const WITHOUT_GUARDS = "--disable-wasm-trap-handler";
const CHECK = "yarn.nodemanager.vmem-check-enabled";
/** A container's working folder on a node, or its cgroup: "…/appcache/application_1700000000000_0001/container_e01_1700000000000_0001_01_000002". */
const CONTAINER_PATH = /\/container_(?:e\d+_)?\d+_\d+_\d+_\d+(?:\/|$)/m;
/** No process has so many ancestors, unless /proc changes while it is read. */
const DEEPEST = 64;

/**
 * YARN's own check of virtual memory, which kills, in a container of YARN or where its settings lie; it is on unless
 * it was turned off. What starts a command in a container may pass on no variables (Spark's `pipe`): then the folder,
 * the cgroup and the variables of the processes above tell.
 *
 * @returns null where this is no container, and nothing of YARN is here
 */
export async function checkYarn(env: NodeJS.ProcessEnv): Promise<Finding | null> {
  const above = isContainer(env) ? env : await findAbove();
  const settings = readSettings(env) ?? (above === null ? null : readSettings(above));
  const inside =
    above !== null ||
    CONTAINER_PATH.test(currentFolder()) ||
    CONTAINER_PATH.test(await readFile("/proc/self/cgroup", "utf8").catch(() => ""));
  if (settings === null && !inside) return null;
  if (settings !== null && valueOf(settings, CHECK) === "false") return ok("YARN", "its check of virtual memory is off");
  const where =
    settings === null
      ? "this is a container of YARN, which checks virtual memory unless it is told not to"
      : "YARN checks virtual memory here";
  return warning(
    "YARN",
    `${where}: where that is enforced, it kills a Node.js that uses WebAssembly, as fetch does, since that reserves 8 to 10 GB`,
    `${CHECK}=false on the nodes; ${WITHOUT_GUARDS} alone leaves 4 GB, or what the memory has as its maximum`,
  );
}

function isContainer({ CONTAINER_ID: id }: NodeJS.ProcessEnv): boolean {
  return id?.startsWith("container_") === true;
}

function currentFolder(): string {
  try {
    return process.cwd();
  } catch {
    // It was removed.
    return "";
  }
}

/** The variables of the nearest process above that YARN started; null where there is none, or none that may be looked at. */
async function findAbove(): Promise<NodeJS.ProcessEnv | null> {
  let id = process.ppid;
  for (let depth = 0; id > 0 && depth < DEEPEST; depth += 1) {
    const variables = parseVariables(await readFile(`/proc/${id}/environ`, "utf8").catch(() => ""));
    if (isContainer(variables)) return variables;
    // proc_pid_stat(5): the program's name stands in parentheses, and may hold some itself.
    const stat = await readFile(`/proc/${id}/stat`, "utf8").catch(() => "");
    id = Number(/^ \S (\d+)/.exec(stat.slice(stat.lastIndexOf(")") + 1))?.[1] ?? 0);
  }
  return null;
}

/** /proc/PID/environ. */
function parseVariables(content: string): NodeJS.ProcessEnv {
  const pairs = content.split("\0").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)] as const);
  const wanted = new Set(["CONTAINER_ID", "HADOOP_CONF_DIR", "YARN_CONF_DIR", "HADOOP_HOME"]);
  return Object.fromEntries(pairs.filter(([name]) => wanted.has(name)));
}

function readSettings({ HADOOP_CONF_DIR, YARN_CONF_DIR, HADOOP_HOME }: NodeJS.ProcessEnv): string | null {
  const folder = HADOOP_CONF_DIR ?? YARN_CONF_DIR ?? (HADOOP_HOME === undefined ? null : join(HADOOP_HOME, "etc/hadoop"));
  try {
    return folder === null ? null : readShortText(join(folder, "yarn-site.xml"));
  } catch {
    return null;
  }
}

function valueOf(xml: string, name: string): string | null {
  for (const [property] of xml.replace(/<!--[^]*?-->/g, "").matchAll(/<property>[^]*?<\/property>/g)) {
    if (/<name>\s*(.*?)\s*<\/name>/.exec(property)?.[1] === name) return /<value>\s*(.*?)\s*<\/value>/.exec(property)?.[1] ?? null;
  }
  return null;
}
