import { basename, resolve } from "node:path";
import { digestName } from "../../archive/digest-name.js";
import { withoutEnding } from "../../archive/formats.js";
import { openHdfs } from "../../deliver/hdfs-open.js";
import { parsePlace } from "../../deliver/hdfs-place.js";
import { putOnce } from "../../deliver/hdfs-put.js";
import { assertYarnFormat } from "../../deliver/yarn-archive.js";
import { parseAlias, yarnCommands, type YarnCommands } from "../../deliver/yarn-commands.js";
import { checkDelivered, type CheckOptions } from "./check-archive.js";
import { assertRunsHere, readHost } from "../../manifest/host.js";
import type { CommonOptions } from "../../support/options.js";
import type { Notice } from "../../support/progress.js";

export type { YarnCommands };

export interface DeliverYarnOptions extends CommonOptions {
  /** An archive of the format tar.gz, as `pack` makes one with `engine: "yarn"`. */
  readonly archive: string;
  /** A folder on a Hadoop file system, "hdfs://namenode:8020/envs"; it is made where it is missing. */
  readonly to: string;
  /** The link by which containers see the environment; by default "env". */
  readonly alias?: string;
  /** The HTTP address of WebHDFS; by default the hdfs client is used, and WebHDFS at its usual port where there is none. */
  readonly webhdfs?: string;
  /** Deliver what does not run on this machine: the workers are not like it. */
  readonly forcePlatform?: boolean;
  /** Where HADOOP_HOME, HADOOP_USER_NAME and PATH are looked up; by default this process's. */
  readonly env?: NodeJS.ProcessEnv;
}

/** An archive that was checked, and how jobs use it once it lies on the cluster. */
export interface YarnDeliveryPlan {
  /** The archive on the cluster; its name ends in its digest. */
  readonly uri: string;
  /** SHA-256 of the archive in hex, and its bytes. */
  readonly sha256: string;
  readonly bytes: number;
  readonly commands: YarnCommands;
}

export interface DeliverYarnResult extends YarnDeliveryPlan {
  /** Whether it was sent now; false where the same lay there already. */
  readonly sent: boolean;
  readonly via: string;
  /** Whether everyone may read it, so that YARN keeps one copy a node for all users. */
  readonly public: boolean;
  readonly notices: readonly Notice[];
}

/** Checks an archive and tells where it belongs on the cluster and how jobs use it there; HDFS is not asked. */
export async function planYarnDelivery(options: DeliverYarnOptions): Promise<YarnDeliveryPlan> {
  const { signal, onProgress, threads } = options;
  const alias = parseAlias(options.alias ?? "env");
  const place = parsePlace(options.to);
  const host = await readHost();
  const refuse: CheckOptions["refuse"] = ({ index, manifest, path }) => {
    assertYarnFormat(index.format, path);
    // From where jobs are started, the workers are as a rule machines like this one.
    if (options.forcePlatform !== true) assertRunsHere(manifest, host);
  };
  const { path, index, sha256, bytes } = await checkDelivered(options.archive, {
    made: "envpack pack --for yarn",
    refuse,
    signal,
    onProgress,
    threads,
  });
  const uri = `${place.uri}/${digestName(withoutEnding(basename(path)), sha256)}`;
  return { uri, sha256, bytes, commands: yarnCommands({ uri, alias, arcroot: index.arcroot }) };
}

/** Checks an archive, and puts it on HDFS where it does not lie there already: whole, or not at all. */
export async function deliverYarn(options: DeliverYarnOptions): Promise<DeliverYarnResult> {
  const { webhdfs, env = process.env, signal, onProgress } = options;
  const place = parsePlace(options.to);
  const store = openHdfs(place, { webhdfs, env, signal });
  const plan = await planYarnDelivery(options);
  const path = plan.uri.slice(place.root.length);
  const { sent, blockedBy } = await putOnce(store, { file: resolve(options.archive), path, ...plan, onProgress });
  const notices = blockedBy === null ? [] : [noticeClosed(blockedBy)];
  return { ...plan, sent, via: store.via, public: blockedBy === null, notices };
}

function noticeClosed({ path, mode }: { path: string; mode: number }): Notice {
  return {
    code: "NOT_PUBLIC",
    message: `not everyone may pass it (mode ${mode.toString(8).padStart(3, "0")}), so each user's jobs fetch a copy of their own; chmod o+x on folders, o+r on the file`,
    path,
  };
}
