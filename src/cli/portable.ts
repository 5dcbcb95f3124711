import { dirname } from "node:path";
import { main } from "./main.js";
import { isEngineThread, serveThread } from "../engine/threads/serve-thread.js";
import { useThreadScript } from "../engine/threads/thread-script.js";

/**
 * The tool that travels inside an archive, as `.envpack/envpack.cjs`; `bin/envpack` starts it. It
 * works on the environment that it lies in where a command names none. Its worker threads run the
 * same file.
 */
async function start(): Promise<void> {
  useThreadScript(__filename);
  process.exitCode = await main(process.argv.slice(2), { environment: dirname(__dirname) });
}

if (isEngineThread()) serveThread();
else void start();
