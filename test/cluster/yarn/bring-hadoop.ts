import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { execute, has } from "../../real/commands.js";

/** The sources of the small cluster. */
export const SOURCES = join(import.meta.dirname, "hadoop");

const CACHE = join(import.meta.dirname, "../../../.cache");

export interface Hadoop {
  /** The folder of its jars. */
  readonly jars: string;
  readonly javaHome: string;
}

/** Fetches Hadoop into .cache/ once; a text tells why it cannot be had. May take minutes the first time. */
export function bringHadoop(): Hadoop | string {
  if (!has("javac")) return "no JDK here";
  const pom = join(SOURCES, "pom.xml");
  const folder = join(CACHE, `hadoop-${createHash("sha256").update(readFileSync(pom)).digest("hex").slice(0, 8)}`);
  const jars = join(folder, "jars");
  const done = join(folder, ".complete");
  if (!existsSync(done)) {
    if (!has("mvn")) return "Hadoop is not in .cache/, and there is no Maven to fetch it";
    console.log("== fetching Hadoop (mvn) into .cache/");
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    // A repository of its own would only double what lies there: what was copied stays, the rest goes.
    const repository = join(folder, "repository");
    const goal = ["dependency:copy-dependencies", `-DoutputDirectory=${jars}`];
    const { status, stdout } = execute("timeout", [
      "-k",
      "5",
      "600",
      "mvn",
      "-B",
      "-q",
      "-f",
      pom,
      `-Dmaven.repo.local=${repository}`,
      ...goal,
    ]);
    if (status !== 0)
      return `Maven could not fetch Hadoop: ${stdout.split("\n").find((line) => line.includes("ERROR")) ?? `status ${status}`}`;
    rmSync(repository, { recursive: true, force: true });
    writeFileSync(done, "");
  }
  return { jars, javaHome: javaHome() };
}

/** The JDK whose javac is first on PATH. */
function javaHome(): string {
  const folder = (process.env.PATH ?? "").split(delimiter).find((one) => existsSync(join(one, "javac"))) ?? "";
  return dirname(dirname(realpathSync(join(folder, "javac"))));
}
