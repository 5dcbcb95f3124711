import { fileURLToPath } from "node:url";

let script: string | URL = new URL("./thread.js", import.meta.url);

/**
 * Names the script that worker threads start, where it is not `thread.js` beside this file: a tool that
 * was bundled into one file names itself, and calls `serveThread()` where `isEngineThread()` says so.
 *
 * @param path absolute, or a file: URL
 */
export function useThreadScript(path: string | URL): void {
  script = path;
}

export function threadScript(): string {
  return typeof script === "string" && !script.startsWith("file:") ? script : fileURLToPath(script);
}
