import { walkerOf, type ListTask } from "../../listing/lister.js";
import type { Handler } from "./handler.js";

/** What threads do until there is something to pack. */
export interface ListJob {
  readonly kind: "list";
}

/** Lists a tree, side by side with others that have the same task. */
export async function openListJob(): Promise<Handler> {
  return (task: ListTask) => {
    const walker = walkerOf(task);
    while (walker.step());
    const result = walker.finish();
    return { result, transfer: [result.counts.buffer, result.numbers.buffer] };
  };
}
