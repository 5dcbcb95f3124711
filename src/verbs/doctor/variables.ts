import { ok, warning, type Finding } from "./finding.js";

/** Variables that reach into every Node.js that is started, and what they do there. */
const REACHING = new Map([
  ["NODE_OPTIONS", "adds options to every node: one that names a missing file stops them all"],
  ["NODE_PATH", "lets `require` find packages that are not the environment's"],
  ["LD_LIBRARY_PATH", "may give addons other libraries than they were made with"],
  ["LD_PRELOAD", "loads a library into every program"],
]);

/** What of this process's variables would be passed on to the environment's programs. An activated environment sets some itself. */
export function checkVariables(env: NodeJS.ProcessEnv): Finding[] {
  if (env.PATH === undefined && env.HOME === undefined) return [bare()];
  const set = [...REACHING].filter(([name]) => env[name] !== undefined && env[name] !== "" && !isOurs(name, env));
  if (set.length === 0) return [ok("variables", "none that reach into Node.js are set")];
  return set.map(([name, what]) => warning("variables", `${name} is set: it ${what}`, `unset ${name} where the environment is started`));
}

/** What an engine tells by variables, its limits among it, is not known here then. */
function bare(): Finding {
  return warning(
    "variables",
    "neither PATH nor HOME is set: whoever started this passed no variables on, so that tokens and settings are missing too, and limits that an engine only tells by them are not known",
    "name what is needed in the command: env NAME=VALUE bin/envpack run SCRIPT",
  );
}

function isOurs(name: string, env: NodeJS.ProcessEnv): boolean {
  const { ENVPACK_PREFIX: prefix, NODE_OPTIONS: options } = env;
  return (
    name === "NODE_OPTIONS" &&
    prefix !== undefined &&
    options?.includes(`${prefix}/.envpack/hook.cjs`) === true &&
    options.trim().split(" --").length === 1
  );
}
