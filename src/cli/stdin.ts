import { EnvpackError } from "../support/errors.js";
import type { Session } from "./session.js";

/** Gives work the archive to read: a path, or stdin for "-", which is let go of afterwards. */
export async function withStdin<T>(session: Session, archive: string, work: (source: string | Session["stdin"]) => Promise<T>): Promise<T> {
  if (archive !== "-") return work(archive);
  if (session.stdin.isTTY) {
    throw new EnvpackError("USAGE", "stdin is a terminal, not an archive", { hint: "name a file, or pipe an archive in" });
  }
  try {
    return await work(session.stdin);
  } finally {
    // Else a writer that is not done yet would keep this process waiting after an error.
    session.stdin.destroy();
  }
}
