import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../environment/environment.js";
import { MANAGERS } from "../../environment/managers/registry.js";
import type { RecordedEnvironment } from "./record-file.js";

/** By what a record knows the environment that it was made in. */
export function describeRecorded({ name, version, root }: Pick<Environment, "name" | "version" | "root">): RecordedEnvironment {
  const lockfile = MANAGERS.flatMap(({ lockfiles }) => lockfiles)
    .map((file) => join(root, file))
    .find((file) => existsSync(file));
  return { name, version, lock: lockfile === undefined ? null : createHash("sha256").update(readFileSync(lockfile)).digest("hex") };
}
