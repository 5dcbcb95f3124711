import { THIS_MACHINE } from "../support/this-machine.js";

/** Most bytes of an arcpath, and of one of its parts, in UTF-8: Linux' PATH_MAX less the NUL, and NAME_MAX. */
export const MAX_PATH_BYTES = 4095;
export const MAX_NAME_BYTES = 255;

/** Longest chain of links that is followed, as Linux' own limit (path_resolution(7)). */
export const MAX_LINK_HOPS = 40;

// C0, DEL and C1: they end lines and steer terminals.
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Names that Windows reserves, bare or with an ending, and characters that it gives a meaning. */
const WINDOWS_DEVICE = /^(con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3]|conin\$|conout\$)(\.|$)/i;
const WINDOWS_FORBIDDEN = /[<>:"|?*\\]|[. ]$/;

/** Nearly every path: names of printable ASCII that do not begin with a dot, and hold no backslash or colon. */
const PLAIN_PATH = /^[ !-\-0-9;-[\]-~][ !-.0-9;-[\]-~]*(?:\/[ !-\-0-9;-[\]-~][ !-.0-9;-[\]-~]*)*$/;

/**
 * Why a string is not an arcpath that may be written, or null where it is one. The rules are the same
 * on every system; on Windows its own names are refused as well.
 *
 * @param platform as `process.platform`
 */
export function findPathFault(path: string, platform: NodeJS.Platform = THIS_MACHINE.os): string | null {
  if (path.length <= MAX_NAME_BYTES && platform !== "win32" && PLAIN_PATH.test(path)) return null;
  const text = findTextFault(path);
  if (text !== null) return text;
  if (path.startsWith("/") || path.startsWith("\\") || /^[A-Za-z]:/.test(path)) return "an absolute path";
  for (const name of path.split("/")) {
    if (name === "" || name === ".") return "a path that is not in its plain form";
    if (name === ".." || (name.includes("\\") && name.split("\\").includes(".."))) return "a path that leads out";
    if (name.length * 3 > MAX_NAME_BYTES && Buffer.byteLength(name) > MAX_NAME_BYTES) return "a name that is too long";
    if (platform === "win32" && (WINDOWS_DEVICE.test(name) || WINDOWS_FORBIDDEN.test(name))) {
      return "a name that Windows does not allow";
    }
  }
  return null;
}

/** Why a string is not a link's target, by its characters alone; null where it may be one. */
export function findTextFault(text: string): string | null {
  if (text === "") return "an empty name";
  if (CONTROL.test(text)) return "a control character in a name";
  if (!text.isWellFormed() || text.includes("\ufffd")) return "a name that is not valid Unicode";
  if (text.length * 3 > MAX_PATH_BYTES && Buffer.byteLength(text) > MAX_PATH_BYTES) return "a path that is too long";
  return null;
}
