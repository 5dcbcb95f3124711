import { readFile, realpath } from "node:fs/promises";
import { homedir, userInfo } from "node:os";
import { isAbsolute, sep } from "node:path";

/** Why a folder is not to be moved away, and what its user can do. */
export interface KeptPlace {
  /** A clause for a message that begins with "the target". */
  readonly what: string;
  readonly hint: string;
}

/**
 * Why nothing may take a folder's place: it is, or lies above, the current folder, somebody's home or a
 * mount; null where it is none of these.
 *
 * @param path absolute, links resolved
 */
export async function findKeptPlace(path: string): Promise<KeptPlace | null> {
  const holds = (other: string): boolean => other === path || other.startsWith(path.endsWith(sep) ? path : `${path}${sep}`);
  if (holds(tell(() => process.cwd())))
    return { what: "is the current folder, or holds it", hint: "change to another folder, and name this one from there" };
  for (const home of await listHomes()) {
    if (holds(home)) return { what: "is a home folder, or holds one", hint: "name a folder below it" };
  }
  for (const mount of await listMounts()) {
    if (mount === path) return { what: "is a mount and cannot be replaced", hint: "empty it first, or name a folder below it" };
    if (holds(mount)) return { what: `holds a mount (${mount})`, hint: "unmount that first, or name another folder" };
  }
  return null;
}

/** Homes of this user, and of all that the machine's own list of users names; links resolved. */
async function listHomes(): Promise<string[]> {
  const listed = await readFile("/etc/passwd", "utf8").catch(() => "");
  const homes = [tell(homedir), tell(() => userInfo().homedir), ...listed.split("\n").map((line) => line.split(":")[5] ?? "")];
  // A service without a home has the root there.
  const absolute = new Set(homes.filter((home) => isAbsolute(home) && home !== "/"));
  return Promise.all([...absolute].map((home) => realpath(home).catch(() => home)));
}

/** A user without a name has no home, and a folder that was removed no path: the system tells that by an error. */
function tell(path: () => string): string {
  try {
    return path();
  } catch {
    return "";
  }
}

/** Field 5 of /proc/self/mountinfo (proc(5)), in which spaces, tabs, newlines and backslashes are octal numbers. */
async function listMounts(): Promise<string[]> {
  const lines = (await readFile("/proc/self/mountinfo", "latin1").catch(() => "")).split("\n");
  return lines.flatMap((line) => {
    const field = line.split(" ")[4];
    if (field === undefined) return [];
    return [
      Buffer.from(
        field.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8))),
        "latin1",
      ).toString("utf8"),
    ];
  });
}
