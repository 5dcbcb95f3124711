import { EnvpackError } from "../support/errors.js";
import { userName } from "../support/home.js";
import { findHdfs, HdfsClient } from "./hdfs-client.js";
import type { HdfsPlace } from "./hdfs-place.js";
import type { HdfsStore } from "./hdfs-store.js";
import { WebHdfs } from "./webhdfs.js";

export interface HdfsAccess {
  /** The HTTP address of WebHDFS or HttpFS; by default the hdfs client is used where there is one. */
  readonly webhdfs?: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/** Where a NameNode of Hadoop 3 listens for WebHDFS. */
const HTTP_PORT = 9870;

const WEB_SCHEMES = new Map([
  ["webhdfs:", "http:"],
  ["swebhdfs:", "https:"],
]);

/** Chooses the way to a file system: what was asked for, else Hadoop's client, else HTTP. */
export function openHdfs({ root }: HdfsPlace, { webhdfs, env, signal }: HdfsAccess): HdfsStore {
  const [scheme = "", host = ""] = root.split("//");
  const overHttp = WEB_SCHEMES.get(scheme);
  const user = env.HADOOP_USER_NAME ?? userName();
  if (webhdfs !== undefined) return new WebHdfs(parseAddress(webhdfs), user, signal);
  if (overHttp !== undefined) return new WebHdfs(parseAddress(`${overHttp}//${host}`), user, signal);
  const program = findHdfs(env);
  if (program !== null) return new HdfsClient(program, root, signal);
  if (scheme === "hdfs:" && host !== "") return new WebHdfs(parseAddress(`http://${host.replace(/:\d+$/, "")}:${HTTP_PORT}`), user, signal);
  throw new EnvpackError("COMMAND_FAILED", `nothing here can reach ${root}: there is no hdfs client`, {
    hint: "set HADOOP_HOME, or name WebHDFS with --webhdfs http://NAMENODE:9870",
  });
}

function parseAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:") && url.hostname !== "") return url;
  throw new EnvpackError("USAGE", "not the address of WebHDFS", { path: text, hint: "name it as http://NAMENODE:9870" });
}
