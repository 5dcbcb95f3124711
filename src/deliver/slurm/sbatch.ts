import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { EnvpackError, explainError, type ErrorCode } from "../../support/errors.js";

/** What sbatch's messages mean; the first that fits counts. From slurm_errno.c, unchanged since Slurm 20. */
const MEANINGS: readonly (readonly [RegExp, ErrorCode, string | undefined])[] = [
  [
    /Unable to contact slurm controller|Unable to contact Slurm|Socket timed out|Connection refused|No route to host/i,
    "ENGINE_UNREACHABLE",
    "is slurmctld running? `scontrol ping` tells",
  ],
  [
    /configuration source|slurm\.conf|fetch_config/i,
    "ENGINE_UNREACHABLE",
    "this host is not set up for Slurm: submit from a login node, or set SLURM_CONF",
  ],
  [
    /permission denied|not permitted|Invalid account|Invalid qos|Protocol authentication error|User's group/i,
    "NO_PERMISSION",
    "`sacctmgr show assoc user=$USER` lists what you may use",
  ],
  [/unrecognized option|invalid option|Invalid .* specification|ambiguous/i, "USAGE", "`man sbatch` lists the options"],
];

/**
 * Hands a batch script to sbatch, which keeps a copy of it.
 *
 * @returns the job's number, with ";CLUSTER" behind it where there are several clusters
 * @throws EnvpackError ENGINE_UNREACHABLE, NO_PERMISSION, USAGE, COMMAND_FAILED
 */
export async function submitJob(
  script: string,
  { env, signal }: { readonly env: NodeJS.ProcessEnv; readonly signal?: AbortSignal },
): Promise<string> {
  try {
    const child = spawn("sbatch", ["--parsable"], { stdio: ["pipe", "pipe", "pipe"], env, signal });
    // Where it ends before it has read everything, it says why.
    child.stdin.on("error", () => undefined);
    child.stdin.end(script);
    const [stdout, stderr, [status]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close") as Promise<[number | null]>,
    ]);
    const job = stdout.trim().split("\n").at(-1) ?? "";
    if (status === 0) return job;
    // With --wait among its options sbatch ends as the job did.
    if (/^\d/.test(job))
      throw new EnvpackError("COMMAND_FAILED", `job ${job} ended with status ${status}`, {
        hint: "its output tells: slurm-JOB.out, if no option says otherwise",
      });
    throw explainSbatch(stderr);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw explainError(error, "cannot start sbatch");
    throw new EnvpackError("COMMAND_FAILED", "cannot submit: there is no sbatch here", {
      hint: "submit from a login node; without --submit the script is just written",
      cause: error,
    });
  }
}

/** What sbatch said, in one line and as an error of ours. */
export function explainSbatch(said: string): EnvpackError {
  const lines = said
    .split("\n")
    .map((line) => line.replace(/^sbatch: (error|fatal): /, "").trim())
    .filter((line) => line !== "");
  const [, code, hint] = MEANINGS.find(([pattern]) => pattern.test(said)) ?? [
    null,
    "COMMAND_FAILED" as const,
    "`envpack deliver slurm` without --submit shows the script",
  ];
  return new EnvpackError(code, `sbatch refused: ${lines.at(-1) ?? "it gave no reason"}`, { hint });
}
