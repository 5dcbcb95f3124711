import { homedir, userInfo } from "node:os";

/**
 * The user's home; null where there is none: HOME is not set and the user's id has no name, as of the ids
 * that container platforms choose.
 */
export function homeFolder(): string | null {
  try {
    return homedir() || null;
  } catch {
    return null;
  }
}

/** The user's name, or the id's number where it has none. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "");
  }
}
