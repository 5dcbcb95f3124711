import { accessSync, constants, lstatSync, readFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { EnvpackError } from "../../../support/errors.js";
import { describeConditions } from "../conditions.js";
import { startLimited } from "../start-limited.js";
import { wrapInBubblewrap } from "./bubblewrap.js";
import { wrapPlainly } from "./plain.js";
import { type InsideCommand, type Line, type Sandbox, type SandboxKind, type View } from "./sandbox.js";
import { wrapInUnshare, type UnshareTools } from "./unshare.js";

/** One way to make a sandbox, and what is not quite as it should be in it. */
interface Way {
  readonly kind: SandboxKind;
  readonly wrap: (command: InsideCommand) => Line;
  readonly visible: readonly string[];
}

const OWN_FILES = "the user's number is another one, but its files are this user's";
const EXECUTABLE_TMP = "programs can be started from /tmp";
const NO_LOOPBACK = "there is no loopback interface";

/**
 * Makes the best sandbox that this machine lets: bubblewrap, else unshare(1), else none, where commands run on this
 * machine itself with their variables cleared. Each way is tried before it is taken.
 *
 * @param wanted the kind that has to be it; undefined: whichever works
 * @throws EnvpackError COMMAND_FAILED where the wanted kind does not work
 */
export async function chooseSandbox(view: View, wanted: SandboxKind | undefined, signal?: AbortSignal): Promise<Sandbox> {
  const ways = [...bubblewrapWays(view), ...unshareWays(view)].filter(({ kind }) => wanted === undefined || kind === wanted);
  // What a way cannot imitate counts only where another can.
  const sorted = [
    ...ways.filter(({ visible }) => !visible.includes(EXECUTABLE_TMP)),
    ...ways.filter(({ visible }) => visible.includes(EXECUTABLE_TMP)),
  ];
  const reasons: string[] = [];
  for (const way of wanted === "none" ? [] : sorted) {
    const reason = await tryWay(way, view, signal);
    if (reason === null) return describe(way, view);
    reasons.push(`${way.kind}: ${reason}`);
  }
  if (wanted === undefined || wanted === "none") return plain(view, reasons);
  throw new EnvpackError(
    "COMMAND_FAILED",
    `there is no sandbox by ${wanted} here${reasons.length === 0 ? "" : ` (${reasons.join("; ")})`}`,
    {
      hint:
        wanted === "bubblewrap"
          ? "install bubblewrap, or leave --sandbox away"
          : "leave --sandbox away, or run it where namespaces are allowed",
    },
  );
}

function describe({ kind, wrap, visible }: Way, { conditions, rootFs, place, jobPlace }: View): Sandbox {
  const hidden = [
    ...rootFs.hidden,
    "the network",
    "every variable",
    "other processes",
    "the environment and the system are read-only",
    ...describeConditions(conditions),
  ];
  return {
    kind,
    place,
    jobPlace,
    hidden: hidden.filter((one) => one !== "/tmp is noexec" || !visible.includes(EXECUTABLE_TMP)),
    visible,
    wrap,
  };
}

function plain(view: View, reasons: readonly string[]): Sandbox {
  const { rootFs, conditions, tree, job } = view;
  if (!rootFs.own)
    throw new EnvpackError(
      "COMMAND_FAILED",
      `no program starts on the other root file system${reasons.length === 0 ? ", which needs a sandbox" : ` (${reasons.join("; ")})`}`,
      {
        hint:
          reasons.length === 0
            ? "install bubblewrap, and allow namespaces of users"
            : "where a library is missing, name a root that has it, or pack a Node.js that the root can run; else allow namespaces of users",
      },
    );
  const ids = becomes(view);
  const visible = [
    "this machine's files, homes and package stores",
    "this machine's programs, Node.js among them",
    "the network",
    "other processes",
    "what is written elsewhere stays",
    ...(ids === undefined ? ["the user is this one"] : []),
    ...reasons,
  ];
  const hidden = [
    "every variable",
    ...(ids === undefined ? [] : [`uid ${conditions.uid}`]),
    ...(conditions.memory === null
      ? []
      : describeConditions({ ...conditions, alias: null, homeExists: true, tmpExecutable: true, certificates: true }).slice(1)),
  ];
  return { kind: "none", place: tree, jobPlace: job, hidden, visible, wrap: (command) => wrapPlainly(view, command, ids) };
}

function bubblewrapWays(view: View): Way[] {
  const program = findOnPath("bwrap");
  if (program === null) return [];
  const limits = view.conditions.tmpExecutable ? [] : [EXECUTABLE_TMP];
  const way = (ids: Line["ids"], visible: readonly string[]): Way => ({
    kind: "bubblewrap",
    wrap: (command) => wrapInBubblewrap(program, view, command, ids),
    visible: [...visible, ...limits],
  });
  const ids = becomes(view);
  return [...(ids === undefined ? [] : [way(ids, [])]), way(undefined, [OWN_FILES])];
}

function unshareWays(view: View): Way[] {
  const tools = findUnshareTools();
  if (tools === null) return [];
  const isRoot = process.getuid?.() === 0;
  const lacking = tools.ip === null ? [NO_LOOPBACK] : [];
  const way = (asRoot: boolean, visible: readonly string[]): Way => ({
    kind: "unshare",
    wrap: (command) => wrapInUnshare(tools, view, command, asRoot),
    visible: [...visible, ...lacking],
  });
  return [...(isRoot ? [way(true, [])] : []), way(false, [OWN_FILES])];
}

/** Only root can become somebody else. */
function becomes({ conditions }: View): Line["ids"] {
  return process.getuid?.() === 0 ? { uid: conditions.uid, gid: conditions.gid } : undefined;
}

function findUnshareTools(): UnshareTools | null {
  const [unshare, mount, shell] = ["unshare", "mount", "sh"].map(findOnPath);
  if (!unshare || !mount || !shell) return null;
  return { unshare, ip: findOnPath("ip"), shell };
}

/** A program by its name, absolute; null where there is none. */
export function findOnPath(name: string): string | null {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/bin", "/bin", "/usr/sbin", "/sbin"].filter(
    (folder) => folder !== "",
  );
  for (const folder of folders) {
    const path = resolve(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // The next folder may have it.
    }
  }
  return null;
}

/** Why a way does not work here, in one line; null where it does. The environment's own node is what is started. */
async function tryWay(way: Way, view: View, signal: AbortSignal | undefined): Promise<string | null> {
  const program = aProgram(view);
  if (program === null) return "the root file system has no program to try it with";
  const { status, stderr, error } = await startLimited(way.wrap({ words: program, cwd: view.place, env: {} }), { seconds: 20, signal });
  if (status === 0) return null;
  const line = (error ?? stderr).trim().split("\n").at(-1)?.slice(0, 200) ?? "";
  return line === "" ? `ended with ${status ?? "a signal"}` : line;
}

/** Something harmless that ends at once: what proves the sandbox must not be what it is to prove. */
function aProgram({ rootFs, tree, place }: View): string[] | null {
  for (const inside of ["/bin/true", "/usr/bin/true", "/bin/busybox"]) {
    const [, top = "", ...rest] = inside.split("/");
    let found = rootFs.shown.find((one) => one.inside === `/${top}`);
    if (found?.kind === "link") {
      const target = found.target.replace(/^\//, "");
      const parent = rootFs.shown.find((one) => one.inside === `/${target.split("/")[0]}`);
      found = parent?.kind === "folder" ? { ...parent, host: join(parent.host, ...target.split("/").slice(1)) } : undefined;
    }
    if (found?.kind === "folder" && lstatSync(join(found.host, ...rest), { throwIfNoEntry: false }) !== undefined)
      return inside.endsWith("busybox") ? [inside, "true"] : [inside];
  }
  // A distroless root has none: there the environment's node says its version.
  return isBinary(join(tree, "bin/node")) ? [`${place}/bin/node`, "--version"] : null;
}

function isBinary(path: string): boolean {
  try {
    return readFileSync(path).subarray(0, 4).toString("latin1") === "\u007fELF";
  } catch {
    return false;
  }
}
