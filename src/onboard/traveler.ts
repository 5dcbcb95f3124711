import { dirname } from "node:path";
// An entry point, as bin/envpack.js is one: it stands above the rooms.
// eslint-disable-next-line no-restricted-imports
import { main } from "../cli/main.js";

/**
 * The tool that travels inside an archive, as `.envpack/envpack.cjs`; `bin/envpack` starts it. It
 * works on the environment that it lies in where a command names none.
 */
async function start(): Promise<void> {
  process.exitCode = await main(process.argv.slice(2), { environment: dirname(__dirname) });
}

void start();
