import { walkerOf, type ListTask } from "../../listing/lister.js";
import { fileOfColumns } from "../write/packed-entries.js";
import { digestContent, DIGEST_CHUNK, type DigestTask } from "../write/read-content.js";
import type { Handler, Outcome } from "./handler.js";

/** What threads do until there is something to pack: they list, and digest large files. */
export interface ListJob {
  readonly kind: "list";
}

export async function openListJob(): Promise<Handler> {
  let buffer: Buffer | null = null;
  return (task: ListTask | DigestTask) => {
    if (!("kind" in task)) return list(task);
    buffer ??= Buffer.allocUnsafeSlow(DIGEST_CHUNK);
    return { result: digestContent(fileOfColumns(task.columns), buffer), transfer: [] };
  };
}

/** Lists a tree, side by side with others that have the same task. */
function list(task: ListTask): Outcome {
  const walker = walkerOf(task);
  while (walker.step());
  const result = walker.finish();
  return { result, transfer: [result.counts.buffer, result.numbers.buffer] };
}
