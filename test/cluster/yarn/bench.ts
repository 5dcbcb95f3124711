import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { bringNode, NEWEST_LTS } from "../../node-versions.mjs";
import type { Cluster } from "./cluster.js";

const SAMPLE = join(import.meta.dirname, "../../../fixtures/word-count");

const OLDEST = "20.20.2";
export const HOST_MAJOR = process.versions.node.split(".")[0];

/** The other of the two versions of Node.js that environments are tried with. */
export const OTHER = HOST_MAJOR === NEWEST_LTS.split(".")[0] ? OLDEST : NEWEST_LTS;

/** What the tests of one cluster share, each adding to it in turn. */
export class Bench {
  /** Where commands are typed: the job's scripts lie here, apart from the environment. */
  readonly desk: string;
  /** The sample project, until it was packed. */
  readonly project: string;
  /** Its archive on HDFS, "words-0123456789abcdef.tar.gz". */
  archive = "";
  /** The command lines that `envpack deliver yarn` printed, by title. */
  printed: ReadonlyMap<string, string> = new Map();

  constructor(
    readonly cluster: Cluster,
    readonly scratch: string,
  ) {
    this.desk = join(scratch, "desk");
    this.project = join(scratch, "project");
  }

  /** A fresh copy of the sample. */
  layOut(): void {
    cpSync(SAMPLE, this.project, { recursive: true });
    mkdirSync(this.desk, { recursive: true });
  }

  /** The sample packed with the other Node.js, which comes without npm; null where the registry has none for this platform. */
  async packOther(): Promise<string | null> {
    const archive = join(this.desk, "other.tar.gz");
    const bin = bringNode(OTHER);
    if (bin === null || existsSync(archive)) return bin === null ? null : archive;
    this.layOut();
    const { status, stderr } = await this.cluster.shell(`npm ci\nenvpack pack --for yarn -o other.tar.gz --node ${join(bin, "node")}`, {
      cwd: this.project,
    });
    if (status !== 0) throw new Error(stderr);
    renameSync(join(this.project, "other.tar.gz"), archive);
    rmSync(this.project, { recursive: true });
    return archive;
  }

  /** The printed command of this title, with words of it replaced. */
  command(title: string, words: Readonly<Record<string, string>>): string {
    const printed = this.printed.get(title);
    if (printed === undefined) throw new Error(`nothing was printed under "${title}"`);
    return Object.entries(words).reduce((line, [word, other]) => {
      if (!line.includes(word)) throw new Error(`the printed command has no ${word}: ${line}`);
      return line.replace(word, other);
    }, printed);
  }

  /** Another Streaming job with the printed command: no reducer, and a mapper and files of its own. */
  mapOnly(words: { files: string; mapper: string; input: string; output: string; settings?: string; archives?: string }): string {
    const { files, mapper, input, output, settings = "", archives = "" } = words;
    const line = this.command("Hadoop Streaming", {
      "map.mjs,reduce.mjs": files,
      "'env/bin/envpack run map.mjs'": `'${mapper}'`,
      INPUT: input,
      OUTPUT: output,
      "#env": `#env${archives}`,
    });
    return line.replace(/ -reducer .*\\$/m, " -numReduceTasks 0 \\").replace("mapred streaming", `mapred streaming ${settings}`);
  }
}

/** The parts of what `deliver yarn` prints, by their titles. */
export function parsePrinted(stdout: string): Map<string, string> {
  return new Map(
    stdout
      .trimEnd()
      .split("\n\n")
      .map((part) => {
        const [title = "", ...lines] = part.split("\n");
        return [title.replace(/^# /, ""), lines.join("\n")];
      }),
  );
}
