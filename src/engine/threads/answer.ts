import { openCheckJob } from "../read/extract-frame.js";
import { openPackJob } from "../write/pack-frame.js";
import type { Handler } from "./handler.js";
import { openListJob } from "./list-folders.js";
import { flattenError, type Job, type JobMessage, type ReplyMessage, type TaskMessage } from "./messages.js";

/**
 * What takes the messages of a pool, does the tasks and replies to each.
 *
 * @param reply gets the answer, and the buffers in it that are handed over
 */
export function answering(
  reply: (message: ReplyMessage, transfer: readonly ArrayBuffer[]) => void,
): (message: JobMessage | TaskMessage) => void {
  let handler: Promise<Handler> | null = null;
  return (message) => {
    if ("job" in message) {
      handler = openJob(message.job);
      // A job that cannot be opened is told as the answer to its first task.
      handler.catch(() => undefined);
      return;
    }
    const { id, task } = message;
    handler
      ?.then((handle) => {
        const { result, transfer } = handle(task as never);
        reply({ id, result }, transfer);
      })
      .catch((error: unknown) => {
        reply({ id, error: flattenError(error) }, []);
      });
  };
}

function openJob(job: Job): Promise<Handler> {
  switch (job.kind) {
    case "list":
      return openListJob();
    case "pack":
      return openPackJob(job);
    case "check":
      return openCheckJob(job);
  }
}
