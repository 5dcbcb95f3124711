import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { EnvpackError } from "../support/errors.js";
import { ON_WINDOWS } from "../support/this-machine.js";
import { startProgram } from "./cross/start-program.js";

export interface NpmQuestion {
  /** Where npm is run: a project's .npmrc counts. */
  readonly folder: string;
  readonly signal?: AbortSignal;
  /** Whether an answer is known already, so that a network that does not answer is not waited for. */
  readonly hurried?: boolean;
  /** A folder for npm to cache in; by default the user's own. */
  readonly cache?: string;
}

/** What a hurried question lets npm do: one try, and ten seconds. */
const HURRIED = { npm_config_fetch_retries: "0", npm_config_fetch_timeout: "10000" };

/**
 * Runs the user's own npm and parses its JSON answer, so that the registry, mirror, proxy and
 * certificates are the ones that the user set up.
 */
export async function askNpm(args: readonly string[], { folder, signal, hurried = false, cache }: NpmQuestion): Promise<unknown> {
  const [command, first] = npmCommand();
  try {
    const stdout = await startProgram([command, ...first], [...args, "--json"], {
      cwd: folder,
      env: {
        ...process.env,
        npm_config_update_notifier: "false",
        npm_config_ignore_scripts: "true",
        ...(hurried ? HURRIED : {}),
        ...(cache === undefined ? {} : { npm_config_cache: cache }),
      },
      signal,
    });
    return stdout.trim() === "" ? null : (JSON.parse(stdout) as unknown);
  } catch (error) {
    if (signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted", { cause: error });
    throw explainNpm(error as NodeJS.ErrnoException & { stdout?: string });
  }
}

/** On Windows npm is a batch file, which cannot be started without a shell: its script can. */
function npmCommand(): [string, string[]] {
  const script = join(dirname(process.execPath), "node_modules", "npm", "bin", "npm-cli.js");
  return ON_WINDOWS && existsSync(script) ? [process.execPath, [script]] : ["npm", []];
}

/** How npm calls a registry that it cannot reach; ENOTCACHED is its answer under --offline. */
const UNREACHABLE =
  /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ENETDOWN|EHOSTUNREACH|EHOSTDOWN|EPIPE|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENOTCACHED)$/;

/** Whether npm failed because nobody answered; a registry that said no was reached. */
export function isUnreachable(error: unknown): boolean {
  const { cause } = error as { cause?: { stdout?: string } };
  return error instanceof EnvpackError && error.code === "RUNTIME_NOT_FOUND" && UNREACHABLE.test(npmCodeOf(cause?.stdout));
}

/** npm writes `{"error": {"code", "summary"}}` to its output. */
function npmCodeOf(output: string | undefined): string {
  return /"code":\s*"(\w+)"/.exec(output?.slice(0, 1 << 16) ?? "")?.[1] ?? "failed";
}

function explainNpm(error: NodeJS.ErrnoException & { stdout?: string }): EnvpackError {
  if (error.code === "ENOENT") {
    return new EnvpackError("RUNTIME_NOT_FOUND", "npm is needed to bring a runtime, and is not on the PATH", {
      hint: "install npm, or name a node on this machine with `--node PATH`",
      cause: error,
    });
  }
  const code = npmCodeOf(error.stdout);
  const hint =
    code === "E404"
      ? "give a version that was released for this platform"
      : "see what `npm ping` says, or name a node on this machine with `--node PATH`";
  return new EnvpackError("RUNTIME_NOT_FOUND", `npm could not ask the registry (${code})`, { hint, cause: error });
}
