import { LATEST } from "../../archive/entry-times.js";
import type { TarShape } from "../../archive/tar/entry-header.js";
import { spawn, spawnSync, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import semver from "semver";
import { EnvpackError } from "../../support/errors.js";
import { openOutput, type FileOutput, type Sink } from "./output.js";

export interface SquashfsOptions {
  readonly force: boolean;
  /** zstd's, as the program has them. */
  readonly level?: number;
  readonly threads: number;
  /** The times of the tar's entries. */
  readonly times: Pick<TarShape, "mtime" | "times">;
}

/** It makes an image of a tar that it reads as a stream since 4.5. (Its `sqfstar` takes no compression level in 4.5.1.) */
const PROGRAM = "mksquashfs";
const SINCE = "4.5.0";
/** The program's own default is 15, which takes three times as long for two per cent. */
const LEVEL = 9;
const MAX_LEVEL = 22;
/** The image has 32 bits for a time. */
const MAX_TIME = 0xffffffff;
/** MiB that the program may use for what waits to be written. */
const MEMORY = "256M";
/** Characters of what it says that are kept. */
const WORDS = 2000;

/**
 * A squashfs image that appears whole or not at all, made by squashfs-tools of the tar that is written:
 * nothing is copied to the disk on the way. The same tar gives the same image, by one version of the program.
 *
 * @param path absolute
 * @throws EnvpackError CODEC_MISSING, USAGE, OUTPUT_EXISTS
 */
export async function openSquashfs(path: string, options: SquashfsOptions): Promise<Sink> {
  const { level = LEVEL, threads, times, force } = options;
  if (level < 1 || level > MAX_LEVEL) throw new EnvpackError("USAGE", `a squashfs image has compression levels from 1 to ${MAX_LEVEL}`);
  if (latestOf(times) > MAX_TIME) throw new EnvpackError("USAGE", "the time of the entries is not one that a squashfs image can hold");
  assertProgram();
  const file = await openOutput(path, { force });
  const shape = ["-reproducible", "-all-root", "-root-uid", "0", "-root-gid", "0", "-root-mode", "0755"];
  const packing = ["-comp", "zstd", "-Xcompression-level", String(level), "-processors", String(threads), "-mem", MEMORY];
  const args = [
    "-",
    file.temporary,
    "-tar",
    "-noappend",
    "-quiet",
    "-no-progress",
    "-no-xattrs",
    "-exit-on-error",
    ...shape,
    ...timeArgs(times),
    ...packing,
  ];
  return new SquashfsSink(file, path, spawn(PROGRAM, args, { env: timeVariables(times), stdio: ["pipe", "ignore", "pipe"] }));
}

function latestOf({ mtime, times }: SquashfsOptions["times"]): number {
  return times === "content" ? mtime + LATEST : mtime;
}

function timeArgs({ mtime, times }: SquashfsOptions["times"]): string[] {
  return times === "content" ? [] : ["-mkfs-time", String(mtime), "-all-time", String(mtime)];
}

/**
 * The root has no entry in the tar, and gets the time of the packing: 4.5.1 does not listen to -root-time where it reads
 * a tar. What is later than SOURCE_DATE_EPOCH becomes that, which no file of the tar is. Beside a time that it is told by
 * an option the program refuses the variable.
 */
function timeVariables(shape: SquashfsOptions["times"]): NodeJS.ProcessEnv {
  const { SOURCE_DATE_EPOCH: _, ...env } = process.env;
  return shape.times === "content" ? { ...env, SOURCE_DATE_EPOCH: String(latestOf(shape)) } : env;
}

function assertProgram(): void {
  const { stdout, error } = spawnSync(PROGRAM, ["-version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const version = /version (\d+\.\d+(\.\d+)?)/.exec(stdout ?? "")?.[1] ?? "";
  if (error === undefined && semver.gte(semver.coerce(version) ?? "0.0.0", SINCE)) return;
  const why = error === undefined ? `is of version ${version === "" ? "unknown" : version}, too old to read a tar` : "is missing";
  throw new EnvpackError("CODEC_MISSING", `the program ${PROGRAM}, which makes squashfs images, ${why}`, {
    hint: "install squashfs-tools 4.5 or later (Debian 12 and Ubuntu 22.04 have it), or pack a .tar.zst",
  });
}

class SquashfsSink implements Sink {
  readonly #file: FileOutput;
  readonly #path: string;
  readonly #child: ChildProcessByStdio<Writable, null, Readable>;
  readonly #ended: Promise<void>;
  #words = "";
  #status: string | null = null;

  constructor(file: FileOutput, path: string, child: ChildProcessByStdio<Writable, null, Readable>) {
    this.#file = file;
    this.#path = path;
    this.#child = child;
    // What a write to an ended program fails with is told by how the program ended.
    child.stdin.on("error", () => undefined);
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#words = (this.#words + text).slice(-WORDS);
    });
    this.#ended = once(child, "close").then(
      ([status, signal]: (string | number | null)[]) => {
        this.#status = signal === null ? String(status) : `ended by ${String(signal)}`;
      },
      (error: unknown) => {
        this.#status = (error as Error).message;
      },
    );
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#status !== null) this.#assertDone();
    // What stands behind the tar's end mark it need not read.
    else await Promise.race([this.#send(bytes), this.#ended]);
  }

  #send(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#child.stdin.write(bytes, () => {
        resolve();
      });
    });
  }

  async commit(path?: string): Promise<void> {
    this.#child.stdin.end();
    await this.#ended;
    this.#assertDone();
    await this.#file.commit(path);
  }

  async abort(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
    await this.#file.abort();
  }

  #assertDone(): void {
    if (this.#status === "0") return;
    const lines = this.#words.trim().split("\n");
    const reason = lines.find((line) => /fail|error|because/i.test(line)) ?? lines.at(-1) ?? "";
    if (/No space left|quota/i.test(this.#words))
      throw new EnvpackError("NO_SPACE", "no space left on the disk for the image", {
        path: this.#path,
        hint: "free some space, or name another disk",
      });
    throw new EnvpackError(
      "COMMAND_FAILED",
      `${PROGRAM} failed (${this.#status ?? ""})${reason === "" ? "" : `: ${reason.replace(/[^\x20-\x7e]/g, "?")}`}`,
      { path: this.#path },
    );
  }
}
