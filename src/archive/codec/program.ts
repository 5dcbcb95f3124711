import { spawnSync } from "node:child_process";
import { EnvpackError } from "../../support/errors.js";
import { FRAME_MAX } from "../frame.js";
import { asBuffer, damaged } from "./codec.js";

/** A program that compresses what it reads. */
export interface Program {
  readonly name: string;
  /** Its package on most systems. */
  readonly from: string;
  readonly format: string;
}

/** More than any frame, and what it becomes where it does not compress. */
const OUTPUT_MAX = 2 * FRAME_MAX;

/**
 * Has bytes go through a program, and waits for it: threads call this, a frame each.
 *
 * @param most bytes that it may give
 * @throws EnvpackError CODEC_MISSING where there is no such program, ARCHIVE_CORRUPT where it refuses what it is given
 */
export function pipeThrough(program: Program, args: readonly string[], input: Uint8Array, most = OUTPUT_MAX): Buffer<ArrayBuffer> {
  // Options that a user has set for a shell would change the bytes.
  const { XZ_OPT: _xz, XZ_DEFAULTS: _defaults, BZIP2: _bzip2, BZIP: _bzip, ...env } = process.env;
  const { error, status, stdout } = spawnSync(program.name, [...args], { input, env, maxBuffer: most, stdio: ["pipe", "pipe", "ignore"] });
  if (error !== undefined && (error as NodeJS.ErrnoException).code !== "ENOBUFS") throw missing(program, error);
  if (status !== 0 || error !== undefined || stdout.length > most) throw damaged(`the program ${program.name} cannot decompress a frame`);
  return Buffer.from(asBuffer(stdout));
}

/** What the program says of itself. @throws EnvpackError CODEC_MISSING */
export function askVersion(program: Program): string {
  const { error, stdout } = spawnSync(program.name, ["--version"], { input: "", encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] });
  if (error !== undefined) throw missing(program, error);
  return stdout.split("\n", 1)[0] ?? "";
}

function missing({ name, from, format }: Program, cause: Error): EnvpackError {
  const isAbsent = (cause as NodeJS.ErrnoException).code === "ENOENT";
  return new EnvpackError(
    "CODEC_MISSING",
    `the program ${name}, which a .${format} needs, ${isAbsent ? "is missing" : `cannot be started (${cause.message})`}`,
    {
      hint: `install it (the package ${from} on most systems), or pack a .tar.zst or .tar.gz`,
      cause,
    },
  );
}
