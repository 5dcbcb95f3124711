import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { openCheckJob } from "./extract-frame.js";
import { openListJob } from "./list-folders.js";
import { flattenError, type Handler, type Job, type JobMessage, type TaskMessage } from "./messages.js";
import { openPackJob } from "./pack-frame.js";

/** Whether this thread was started by the engine's pool. */
export function isEngineThread(): boolean {
  return !isMainThread && typeof workerData === "object" && workerData !== null && "envpackThread" in workerData;
}

/** Answers tasks until the pool ends the thread. */
export function serveThread(): void {
  const port = parentPort;
  if (!isEngineThread() || port === null) return;
  let handler: Promise<Handler> | null = null;
  port.on("message", (message: JobMessage | TaskMessage) => {
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
        port.postMessage({ id, result }, transfer);
      })
      .catch((error: unknown) => {
        port.postMessage({ id, error: flattenError(error) });
      });
  });
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
