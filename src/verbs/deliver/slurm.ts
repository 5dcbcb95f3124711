import { basename, resolve } from "node:path";
import { digestName } from "../../archive/digest-name.js";
import type { Entry } from "../../archive/entry.js";
import { formatOf, withoutEnding, type ArchiveFormat, type TarFormat } from "../../archive/formats.js";
import { bootFiles } from "../../deliver/slurm/boot.js";
import { submitJob } from "../../deliver/slurm/sbatch.js";
import { parseNodeFolder, parseSbatchOption, slurmScript } from "../../deliver/slurm/script.js";
import { checkDelivered, type CheckOptions } from "./check-archive.js";
import { writeWhole, refuseExisting } from "../../engine/sinks/output.js";
import { EnvpackError } from "../../support/errors.js";
import type { CommonOptions } from "../../support/options.js";
import type { Notice } from "../../support/progress.js";

export interface DeliverSlurmOptions extends CommonOptions {
  /** An archive with a runtime, at a place that the nodes see as well. */
  readonly archive: string;
  /** What runs in every task: a command of the environment, a program, or a script; and its arguments. */
  readonly command: readonly string[];
  /** A folder that each node has for itself, by default "${SLURM_TMPDIR:-/tmp}"; it may begin with a variable. */
  readonly to?: string;
  /** Lines of options for sbatch, as "--partition=long". */
  readonly sbatch?: readonly string[];
  /** Removes the environment from the nodes when the job ends; by default the next job of this archive finds it. */
  readonly remove?: boolean;
  /** A file for the script. */
  readonly output?: string;
  /** Replaces an existing output. */
  readonly force?: boolean;
  /** Hands the script to sbatch. */
  readonly submit?: boolean;
  /** Where sbatch looks for its settings; by default this process's. */
  readonly env?: NodeJS.ProcessEnv;
}

export interface DeliverSlurmResult {
  /** The batch script. */
  readonly script: string;
  /** Absolute; null where it was written to no file. */
  readonly output: string | null;
  /** What the environment is called on the nodes. */
  readonly name: string;
  /** Of the archive, in hex. */
  readonly sha256: string;
  readonly bytes: number;
  /** The job's number; null where it was not submitted. */
  readonly job: string | null;
  readonly notices: readonly Notice[];
}

/** Bytes that a file takes beside its content: the rest of its last block. */
const BLOCK = 4096;

/**
 * Makes the batch script that brings an archive to every node of a job, has it unpacked and checked there once, and
 * runs a command in every task; writes it to a file, submits it, or both.
 *
 * @throws EnvpackError USAGE, ARCHIVE_UNFIT, OUTPUT_EXISTS, ENGINE_UNREACHABLE, and what `verify` throws
 */
export async function deliverSlurm(options: DeliverSlurmOptions): Promise<DeliverSlurmResult> {
  const { command, sbatch = [], remove = false, force = false, submit = false, env = process.env, signal, onProgress, threads } = options;
  const to = parseNodeFolder(options.to);
  const lines = sbatch.map(parseSbatchOption);
  if (command.length === 0) throw new EnvpackError("USAGE", "no command was named", { hint: "`envpack deliver slurm ARCHIVE -- COMMAND`" });
  const output = options.output === undefined ? null : resolve(options.output);
  if (output !== null) await refuseExisting(output, force);
  let boot: string[] = [];
  const refuse: CheckOptions["refuse"] = ({ index, manifest, path }) => {
    tarFormat(index.format, path);
    boot = bootFiles(index.entries, manifest, path);
  };
  const {
    path: archive,
    index,
    manifest,
    sha256,
    bytes,
  } = await checkDelivered(options.archive, { made: "envpack pack", refuse, signal, onProgress, threads });
  const name = withoutEnding(digestName(withoutEnding(basename(archive)), sha256));
  const { arcroot, entries, totals } = index;
  const format = tarFormat(index.format, archive);
  const script = await slurmScript({
    ...{ archive, format, platform: manifest.platform, arcroot, boot, name, to, command, remove },
    room: bytes + sizeOf(entries, boot) + totals.bytes + entries.length * BLOCK,
    options: [`--job-name=${name.slice(0, -17)}`, ...lines],
  });
  if (output !== null) await writeWhole(output, Buffer.from(script), force);
  const job = submit ? await submitJob(script, { env, signal }) : null;
  return { script, output, name, sha256, bytes, job, notices: noticePrograms(format) };
}

function sizeOf(entries: readonly Entry[], paths: readonly string[]): number {
  return entries.reduce((sum, entry) => sum + (entry.type === "file" && paths.includes(entry.path) ? entry.size : 0), 0);
}

/** Systems have tar and gzip; other programs have to be installed on the nodes. */
function noticePrograms(format: TarFormat): Notice[] {
  const program = formatOf(format).onNodes?.program;
  if (program === undefined || program === "tar" || program === "gzip") return [];
  return [
    {
      code: `NODES_NEED_${program.toUpperCase()}`,
      message: `the nodes need the program ${program} to read a .${format}; a .tar.gz needs none`,
    },
  ];
}

/** The nodes read an archive's first files by tar. */
function tarFormat(format: ArchiveFormat, path: string): TarFormat {
  if (format !== "zip") return format;
  throw new EnvpackError("ARCHIVE_UNFIT", "the archive is a zip, which nodes without envpack do not begin to read", {
    path,
    hint: "make a .tar.gz: `envpack pack -o NAME.tar.gz`",
  });
}
