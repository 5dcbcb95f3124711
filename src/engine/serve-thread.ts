import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { openCheckJob } from "./extract-frame.js";
import { flattenError, type Handler, type Job, type TaskMessage, type ThreadData } from "./messages.js";
import { openPackJob } from "./pack-frame.js";

/** Whether this thread was started by the engine's pool. */
export function isEngineThread(): boolean {
  return !isMainThread && typeof workerData === "object" && workerData !== null && "envpackThread" in workerData;
}

/** Answers tasks until the pool ends the thread. */
export function serveThread(): void {
  const port = parentPort;
  if (!isEngineThread() || port === null) return;
  const handler = openJob((workerData as ThreadData).envpackThread);
  // A job that cannot be opened is told as the answer to its first task.
  handler.catch(() => undefined);
  port.on("message", ({ id, task }: TaskMessage) => {
    handler
      .then((handle) => {
        const { result, transfer } = handle(task as never);
        port.postMessage({ id, result }, transfer);
      })
      .catch((error: unknown) => {
        port.postMessage({ id, error: flattenError(error) });
      });
  });
}

function openJob(job: Job): Promise<Handler> {
  return job.kind === "pack" ? openPackJob(job) : openCheckJob(job);
}
