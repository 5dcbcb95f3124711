import { realpathSync } from "node:fs";
import type { Environment } from "./environment.js";

/** The folder that an environment came from, with every link resolved: its own root, unless that is a copy made for another platform. */
export function sourceRoot({ namedRoot }: Pick<Environment, "namedRoot">): string {
  return realpathSync(namedRoot);
}
