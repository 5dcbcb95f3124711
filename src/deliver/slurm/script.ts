import { readFile } from "node:fs/promises";
import { formatOf, type TarFormat } from "../../archive/formats.js";
import { EnvpackError } from "../../support/errors.js";
import type { Platform } from "../../manifest/manifest.js";
import { PORTABLE_CLI } from "../../archive/embedded.js";
import { quoteForShell } from "../../support/quote.js";

/** What a batch script is made of. */
export interface SlurmJob {
  /** Absolute: the nodes see the archive there. */
  readonly archive: string;
  readonly format: TarFormat;
  readonly platform: Platform;
  /** The folder inside the archive that holds everything; "" for none. */
  readonly arcroot: string;
  /** Bytes that a node needs until the environment is unpacked: of the archive, of what comes out first, and of all. */
  readonly room: number;
  /** Arcpaths that have to come out of the archive before its tool can read it, as `bootFiles` gives them. */
  readonly boot: readonly string[];
  /** What the environment is called on the nodes; it ends in the archive's digest. */
  readonly name: string;
  /** The node's own folder for it, as a word of a shell. */
  readonly to: string;
  readonly command: readonly string[];
  /** Options of sbatch, one or more a line, as they stand after #SBATCH. */
  readonly options: readonly string[];
  /** Whether the environment is this job's alone and goes with it. */
  readonly remove: boolean;
}

function readerOf(format: TarFormat): { readonly program: string; readonly extract: string } {
  const { onNodes } = formatOf(format);
  if (onNodes === undefined) throw new Error(`no worker reads a ${format}`);
  return onNodes;
}

/** What `uname -s -m` says on the platforms that Slurm runs on. */
const SYSTEMS = new Map([
  ["linux-x64", "Linux x86_64"],
  ["linux-arm64", "Linux aarch64"],
]);

/** A place on the nodes where nothing else is said: the job's own, where the cluster makes one. */
const DEFAULT_PLACE = '"${SLURM_TMPDIR:-/tmp}"';

/**
 * A folder that every node has for itself, as a word of a shell: an absolute path, which may begin with a
 * variable of the job, as "$TMPDIR/envs".
 *
 * @throws EnvpackError USAGE
 */
export function parseNodeFolder(folder: string | undefined): string {
  if (folder === undefined) return DEFAULT_PLACE;
  const [, variable, rest = ""] = /^\$\{?([A-Za-z_]\w*)\}?(\/.*)?$/s.exec(folder) ?? [];
  if (variable !== undefined) return `"\${${variable}:?is not set on the node}"${rest === "" ? "" : quoteForShell(rest)}`;
  if (folder.startsWith("/") && !/[\0\n]/.test(folder)) return quoteForShell(folder.replace(/(?<!\/)\/+$/, "") || "/");
  throw new EnvpackError("USAGE", "not a folder that every node has", {
    path: folder,
    hint: "name it from the root: /scratch, or a variable of the job: '$TMPDIR'",
  });
}

/** @throws EnvpackError USAGE where it would be more than a line of options */
export function parseSbatchOption(line: string): string {
  if (/^-[^\0\n\r]+$/.test(line)) return line;
  throw new EnvpackError("USAGE", "not an option of sbatch", {
    path: line,
    hint: "as in --sbatch --partition=long, or --sbatch '--time=10 --exclusive'",
  });
}

/** The batch script, whole. */
export async function slurmScript(job: SlurmJob): Promise<string> {
  const onNode = fill(await readShell("node"), nodeValues(job));
  const text = await readShell("job");
  return fill(text, {
    OPTIONS: job.options.map((line) => `#SBATCH ${line}`).join("\n"),
    ARCHIVE: quoteForShell(job.archive),
    NAME: quoteForShell(job.name),
    TO: job.to,
    ON_NODE: quoteForShell(onNode),
    PRIVATE: job.remove ? "yes" : "",
    COMMAND: job.command.map(quoteForShell).join(" "),
  });
}

function nodeValues({ format, platform, arcroot, boot, room }: SlurmJob): Record<string, string> {
  const { os, arch } = platform;
  const inside = (path: string): string => (arcroot === "" ? path : `${arcroot}/${path}`);
  const { program, extract } = readerOf(format);
  return {
    SYSTEM: SYSTEMS.get(`${os}-${arch}`) ?? "",
    PLATFORM: `${os}-${arch}`,
    PROGRAM: program,
    ROOM: String(Math.ceil(room / 1024)),
    EXTRACT: `${extract} -C "$boot" -- ${boot.map((path) => quoteForShell(inside(path))).join(" ")}`,
    NODE: quoteForShell(inside("bin/node")),
    TOOL: quoteForShell(inside(PORTABLE_CLI)),
  };
}

/** They are files so that they read as what they are. */
function readShell(name: "job" | "node"): Promise<string> {
  return readFile(new URL(`./${name}.sh`, import.meta.url), "utf8");
}

function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/@([A-Z_]+)@/g, (whole, name: string) => values[name] ?? whole);
}
