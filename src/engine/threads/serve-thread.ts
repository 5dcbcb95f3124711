import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { answering } from "./answer.js";

/** Whether this thread was started by the engine's pool. */
export function isEngineThread(): boolean {
  return !isMainThread && typeof workerData === "object" && workerData !== null && "envpackThread" in workerData;
}

/** Answers tasks until the pool ends the thread. */
export function serveThread(): void {
  const port = parentPort;
  if (!isEngineThread() || port === null) return;
  port.on(
    "message",
    answering((reply, transfer) => {
      port.postMessage(reply, transfer);
    }),
  );
}
