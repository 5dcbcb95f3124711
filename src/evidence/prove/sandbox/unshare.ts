import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { quoteForShell } from "../../../support/quote.js";
import { PLACES, type InsideCommand, type Line, type View } from "./sandbox.js";

/** Programs of util-linux and iproute2, by absolute path. */
export interface UnshareTools {
  readonly unshare: string;
  /** Brings up the loopback interface; null: there is none inside. */
  readonly ip: string | null;
  readonly shell: string;
}

/**
 * The same as bubblewrap's with what util-linux has: a shell mounts what is shown below a folder of the proof's own, in
 * namespaces of its own, and a second unshare(1) makes that folder the root and becomes the user.
 *
 * @param asRoot whether this process is root, who needs no namespace of users and becomes the user in earnest
 */
export function wrapInUnshare(tools: UnshareTools, view: View, command: InsideCommand, asRoot: boolean): Line {
  const { conditions, work } = view;
  const root = join(work, "root");
  const steps = mountSteps(view, root, asRoot);
  const user = asRoot
    ? `--setuid ${conditions.uid} --setgid ${conditions.gid}`
    : `--user --map-user=${conditions.uid} --map-group=${conditions.gid}`;
  const enter = `${quoteForShell(tools.unshare)} ${user} --root=${quoteForShell(root)} --wd=${quoteForShell(command.cwd)} -- "$@"`;
  const script = [
    "set -e",
    "exec 9>&2 2>/dev/null",
    ...(tools.ip === null ? [] : [`${quoteForShell(tools.ip)} link set lo up || :`]),
    "exec 2>&9 9>&-",
    ...steps,
    "set +e",
    enter,
  ].join("\n");
  const namespaces = [
    "--mount",
    "--net",
    "--pid",
    "--fork",
    "--kill-child",
    "--ipc",
    "--uts",
    "--propagation",
    "private",
    ...(asRoot ? [] : ["--user", "--map-root-user"]),
  ];
  return {
    file: tools.unshare,
    args: [...namespaces, "--", tools.shell, "-c", script, "sh", ...command.words],
    env: command.env,
    cwd: "/",
  };
}

function mountSteps({ conditions, rootFs, tree, place, job, jobPlace, work }: View, root: string, asRoot: boolean): string[] {
  const at = (inside: string): string => quoteForShell(join(root, inside));
  const folder = (host: string, inside: string): string[] => [
    `mkdir -p ${at(inside)}`,
    `mount --rbind ${quoteForShell(host)} ${at(inside)}`,
  ];
  const file = (host: string, inside: string): string[] => [
    `mkdir -p ${at(dirname(inside))}`,
    `[ -e ${at(inside)} ] || : > ${at(inside)}`,
    `mount --bind ${quoteForShell(host)} ${at(inside)}`,
  ];
  const readOnly = (host: string, inside: string): string => `mount -o remount,bind,ro${asRoot ? "" : lockedFlags(host)} ${at(inside)}`;
  const shown = rootFs.shown.flatMap((one) => {
    if (one.kind === "link") return [`mkdir -p ${at(dirname(one.inside))}`, `ln -s ${quoteForShell(one.target)} ${at(one.inside)}`];
    return [...(one.kind === "folder" ? folder(one.host, one.inside) : file(one.host, one.inside)), readOnly(one.host, one.inside)];
  });
  const passwd = rootFs.own || rootFs.hasPasswd ? file(join(work, "passwd"), "/etc/passwd") : [];
  const names = rootFs.own ? [...file(join(work, "group"), "/etc/group"), ...file(join(work, "hosts"), "/etc/hosts")] : [];
  const devices = ["null", "zero", "full", "random", "urandom", "tty"].flatMap((name) => file(`/dev/${name}`, `/dev/${name}`));
  return [
    `mkdir -p ${quoteForShell(root)}`,
    `mount -t tmpfs -o mode=755 tmpfs ${quoteForShell(root)}`,
    ...shown,
    ...rootFs.masked.flatMap(({ kind, inside }) =>
      kind === "folder" ? [`mount -t tmpfs -o mode=755 tmpfs ${at(inside)}`] : [`mount --bind /dev/null ${at(inside)}`],
    ),
    `mkdir -p ${at("/proc")} ${at("/tmp")} ${at("/run")} ${at("/dev/shm")}`,
    `mount -t proc proc ${at("/proc")}`,
    ...devices,
    `mount -t tmpfs -o mode=1777 tmpfs ${at("/dev/shm")}`,
    `mount -t tmpfs -o mode=1777,nosuid,nodev${conditions.tmpExecutable ? "" : ",noexec"} tmpfs ${at("/tmp")}`,
    ...(conditions.homeExists && conditions.home !== null
      ? [`mkdir -p ${at(conditions.home)}`, `mount -t tmpfs -o mode=1777 tmpfs ${at(conditions.home)}`]
      : []),
    ...passwd,
    ...names,
    ...folder(tree, place),
    readOnly(tree, place),
    ...folder(job, jobPlace),
    readOnly(job, jobPlace),
    ...(conditions.alias === null
      ? []
      : [`mkdir -p ${at(PLACES.alias)}`, `ln -s ${quoteForShell(place)} ${at(`${PLACES.alias}/${conditions.alias}`)}`]),
    `mount -o remount,ro ${quoteForShell(root)}`,
  ];
}

/** In a namespace of users no mount may lose what the one that it comes from was limited to. */
function lockedFlags(path: string): string {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" "));
  const holding = mounts.filter((fields) => fields.length > 5 && holds(unescapeMount(fields[4] ?? ""), path));
  const nearest = holding.reduce((best, fields) => ((fields[4] ?? "").length >= (best[4] ?? "").length ? fields : best), holding[0] ?? []);
  return (nearest[5] ?? "")
    .split(",")
    .filter((flag) => ["nosuid", "nodev", "noexec"].includes(flag))
    .map((flag) => `,${flag}`)
    .join("");
}

function holds(folder: string, path: string): boolean {
  return folder === "/" || path === folder || path.startsWith(`${folder}/`);
}

/** proc(5): space, tab, newline and backslash are octal. */
function unescapeMount(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
