import { delimiter, join } from "node:path";
import type { Manifest } from "../../manifest/manifest.js";
import { HOOK, promptName } from "../../archive/embedded.js";
import { quoteForNodeOptions } from "../../support/quote.js";
import { ON_WINDOWS } from "../../support/this-machine.js";

/**
 * The variables of an activated environment, for a child process: what `source bin/activate` sets,
 * the prompt aside.
 *
 * @param root the restored environment's folder, absolute; best with links resolved
 * @param env what to start from; it is not changed
 */
export function activationEnv(root: string, manifest: Pick<Manifest, "name">, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const bin = join(root, "bin");
  const option = quoteForNodeOptions(`--require=${join(root, HOOK)}`);
  // Windows takes any spelling, of which it commonly has "Path".
  const pathName = Object.keys(env).find((key) => key.toUpperCase() === "PATH" && (ON_WINDOWS || key === "PATH")) ?? "PATH";
  return {
    ...env,
    // Where nothing is set, a child would still find the system's programs: not so beside a set PATH.
    [pathName]: [bin, env[pathName] ?? DEFAULT_PATH].filter((part) => part !== "").join(delimiter),
    NODE_OPTIONS: env.NODE_OPTIONS ? `${option} ${env.NODE_OPTIONS}` : option,
    ENVPACK_PREFIX: root,
    ENVPACK_NAME: promptName(manifest.name),
  };
}

/** Where execvp(3) looks when PATH is unset. */
const DEFAULT_PATH = ON_WINDOWS ? "" : "/usr/local/bin:/usr/bin:/bin";
