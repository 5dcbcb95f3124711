import { posix } from "node:path";
import type { TrialContext } from "../context.js";
import type { Trial } from "../report.js";
import { failsAlike } from "./as-before.js";
import { endedText, lastLine, printedBy } from "./ended-text.js";
import { reasonOf } from "./reason.js";

/** Runs a command of the user's in the project's folder, as in an activated shell there. */
export async function tryUserCommand(context: TrialContext, words: readonly string[]): Promise<Trial> {
  const { subject, reached, activated, start, atSource, reason } = context;
  const folder = subject.manifest.resolveFrom[0] ?? "";
  const cwd = subject.manifest.kind === "project" ? posix.join(reached, folder) : reached;
  const env = { ...activated, PATH: `${posix.join(cwd, "node_modules/.bin")}:${activated.PATH ?? ""}` };
  const ended = await start({ words, cwd, env });
  const base = {
    kind: "user" as const,
    name: words[0] === "sh" && words[1] === "-c" ? (words[2] ?? "") : words.join(" "),
    from: null,
    seconds: ended.seconds,
  };
  if (ended.status === 0) return { ...base, outcome: "ok", detail: endedText(ended), reason: null };
  const before = atSource === null ? null : await atSource.start({ words, cwd: atSource.folder, env: atSource.env });
  const isAsBefore = before !== null && failsAlike(ended, before, context);
  return {
    ...base,
    outcome: isAsBefore ? "as before" : "failed",
    detail: isAsBefore ? `${endedText(ended)}; at the source it ${endedText(before)}` : endedText(ended),
    reason: reasonOf(printedBy(ended), reason) ?? lastLine(ended),
  };
}
