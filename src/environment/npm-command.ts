import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { EnvpackError } from "../errors.js";

/** Bytes of output: what the registry tells of all versions of a package takes a few megabytes. */
const OUTPUT_LIMIT = 256 << 20;

/**
 * Runs the user's own npm and parses its JSON answer, so that the registry, mirror, proxy and
 * certificates are the ones that the user set up.
 *
 * @param folder where npm is run: a project's .npmrc counts
 */
export async function askNpm(args: readonly string[], folder: string, signal?: AbortSignal): Promise<unknown> {
  const [command, first] = npmCommand();
  try {
    const { stdout } = await promisify(execFile)(command, [...first, ...args, "--json"], {
      cwd: folder,
      env: { ...process.env, npm_config_update_notifier: "false", npm_config_ignore_scripts: "true" },
      maxBuffer: OUTPUT_LIMIT,
      signal,
      windowsHide: true,
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
  return process.platform === "win32" && existsSync(script) ? [process.execPath, [script]] : ["npm", []];
}

/** npm writes `{"error": {"code", "summary"}}` to its output. */
function explainNpm(error: NodeJS.ErrnoException & { stdout?: string }): EnvpackError {
  if (error.code === "ENOENT") {
    return new EnvpackError("RUNTIME_NOT_FOUND", "npm is needed to bring a runtime, and is not on the PATH", {
      hint: "install npm, or name a node on this machine with `--node PATH`",
      cause: error,
    });
  }
  const code = /"code":\s*"(\w+)"/.exec(error.stdout ?? "")?.[1] ?? "failed";
  const hint =
    code === "E404"
      ? "give a version that was released for this platform"
      : "see what `npm ping` says, or name a node on this machine with `--node PATH`";
  return new EnvpackError("RUNTIME_NOT_FOUND", `npm could not ask the registry (${code})`, { hint, cause: error });
}
