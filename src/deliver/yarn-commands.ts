import { EnvpackError } from "../support/errors.js";

/** Where an archive lies and what stands in it, for those who start jobs. */
export interface DeliveredArchive {
  /** The archive on the cluster, "hdfs://namenode:8020/envs/shop-0123456789abcdef.tar.gz". */
  readonly uri: string;
  /** The link to the extracted archive that a container sees in its working folder. */
  readonly alias: string;
  /** The folder inside the archive that holds everything; "" for none. */
  readonly arcroot: string;
}

/** A command line for each engine, as words; the words in capitals are the user's to fill in. */
export interface YarnCommands {
  readonly streaming: readonly string[];
  readonly spark: readonly string[];
  readonly distributedShell: readonly string[];
}

/** MB for the Node.js processes that a Spark executor starts beside its JVM; Spark's own default is 384. */
const NODE_MEMORY = 1024;

/** MB of a container, whose default is 1024: YARN lets it have 2.1 times as much virtual memory, and two processes of Node.js 26 are past that. */
const CONTAINER_MEMORY = 2048;

/** @throws EnvpackError USAGE where the alias is no plain name: it becomes a link in the container's working folder */
export function parseAlias(alias: string): string {
  if (/^[A-Za-z0-9_][\w.-]*$/.test(alias)) return alias;
  throw new EnvpackError("USAGE", "the alias is not a plain name", { path: alias, hint: "use letters, digits and . _ - only" });
}

/** The command lines that run an environment where YARN has extracted it. */
export function yarnCommands({ uri, alias, arcroot }: DeliveredArchive): YarnCommands {
  const root = arcroot === "" ? alias : `${alias}/${arcroot}`;
  const archive = `${uri}#${alias}`;
  const run = (script: string): string => `${root}/bin/envpack run ${script}`;
  return {
    streaming: [
      ...[
        "mapred",
        "streaming",
        ...["map", "reduce"].flatMap((task) => ["-D", `mapreduce.${task}.memory.mb=${CONTAINER_MEMORY}`]),
        "-archives",
        archive,
        "-files",
        "map.mjs,reduce.mjs",
      ],
      ...["-mapper", run("map.mjs"), "-reducer", run("reduce.mjs"), "-input", "INPUT", "-output", "OUTPUT"],
    ],
    spark: [
      ...["spark-submit", "--master", "yarn", "--deploy-mode", "cluster", "--archives", archive, "--files", "job.mjs"],
      ...["--conf", `spark.executor.memoryOverhead=${NODE_MEMORY}m`, "DRIVER.py"],
    ],
    // Its client localizes plain files of the submitting host only, so the container fetches and extracts. A
    // container's PATH is bash's own default, whatever the NodeManager's is.
    distributedShell: [
      ...["yarn", "org.apache.hadoop.yarn.applications.distributedshell.Client", "-jar", "DISTRIBUTEDSHELL.jar"],
      ...["-num_containers", "2", "-container_memory", String(CONTAINER_MEMORY), "-localize_files", "job.mjs"],
      ...[
        "-shell_command",
        `PATH=$PATH:$HADOOP_HDFS_HOME/bin && mkdir ${alias} && hdfs dfs -cat ${uri} | tar -xz -C ${alias} && ${run("job.mjs")}`,
      ],
    ],
  };
}
