import { join } from "node:path";
import { PLACES, type InsideCommand, type Line, type View } from "./sandbox.js";
import type { Shown } from "./root-fs.js";

/**
 * A command line of bubblewrap (bwrap(1)): namespaces for everything, no capability, a root that is put together
 * from what is shown and then made read-only.
 *
 * @param ids the user to become first; else the user's number is another one inside only
 */
export function wrapInBubblewrap(
  program: string,
  view: View,
  { words, cwd, env }: InsideCommand,
  ids?: { readonly uid: number; readonly gid: number },
): Line {
  const { conditions, rootFs, tree, place, job, jobPlace, work } = view;
  const args = [
    ...["--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--hostname", "worker"],
    ...["--uid", String(conditions.uid), "--gid", String(conditions.gid)],
    ...rootFs.shown.flatMap(showOption),
    ...rootFs.masked.flatMap(({ kind, inside }) => (kind === "folder" ? ["--tmpfs", inside] : ["--ro-bind", "/dev/null", inside])),
    ...["--proc", "/proc", "--dev", "/dev", "--ro-bind-try", "/sys", "/sys", "--perms", "1777", "--tmpfs", "/tmp", "--tmpfs", "/run"],
    ...(conditions.homeExists && conditions.home !== null ? ["--tmpfs", conditions.home] : []),
    ...(rootFs.own || rootFs.hasPasswd ? ["--ro-bind", join(work, "passwd"), "/etc/passwd"] : []),
    ...(rootFs.own ? ["--ro-bind", join(work, "group"), "/etc/group", "--ro-bind", join(work, "hosts"), "/etc/hosts"] : []),
    ...["--ro-bind", tree, place, "--ro-bind", job, jobPlace],
    ...(conditions.alias === null ? [] : ["--symlink", place, `${PLACES.alias}/${conditions.alias}`]),
    ...["--remount-ro", "/", "--chdir", cwd, "--", ...words],
  ];
  return { file: program, args, env, cwd: "/", ids };
}

function showOption(shown: Shown): string[] {
  return shown.kind === "link" ? ["--symlink", shown.target, shown.inside] : ["--ro-bind", shown.host, shown.inside];
}
