import { EnvpackError, type ErrorCode } from "../support/errors.js";

/** What Hadoop's messages and exceptions mean; the first that fits counts. Its own wording has been stable since Hadoop 2. */
const MEANINGS: readonly (readonly [RegExp, ErrorCode, string | undefined])[] = [
  [
    /AccessControlException|Permission denied/,
    "NO_PERMISSION",
    "name a folder of yours, or ask its owner; HADOOP_USER_NAME says who you are where there is no Kerberos",
  ],
  [
    /SecretManager|GSSException|AuthenticationException|Authentication required|Kerberos|kinit/,
    "NO_PERMISSION",
    "this HDFS wants Kerberos: `kinit`, and have the hdfs client on PATH",
  ],
  [/QuotaExceeded|quota .*is exceeded/, "NO_SPACE", "ask for a larger quota, or name another folder"],
  [
    /could only be (written|replicated) to 0|No space left/,
    "NO_SPACE",
    "the DataNodes have no room, or none is running: `hdfs dfsadmin -report` tells",
  ],
  [/SafeMode|safe mode/, "ENGINE_UNREACHABLE", "HDFS takes no files while its NameNode is starting"],
  [/StandbyException|state standby/, "ENGINE_UNREACHABLE", "this NameNode is the standby one: name the other, or the nameservice"],
  [
    /ConnectException|Connection refused|ECONNREFUSED|UnknownHost|ENOTFOUND|EAI_AGAIN|NoRouteToHost|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|ECONNRESET|SocketTimeout|ConnectTimeout|timed out|hang up|end-of-stream|Protocol message|RpcException|EOFException/,
    "ENGINE_UNREACHABLE",
    "is the NameNode running there, and is this the port that the way to it wants (8020 for hdfs://, 9870 for WebHDFS)?",
  ],
];

/** What Hadoop said, in one line and as an error of ours. */
export function explainHdfs(said: string, doing: string, path: string): EnvpackError {
  const line = firstLine(said);
  const [, code, hint] = MEANINGS.find(([pattern]) => pattern.test(said)) ?? [null, "IO" as const, undefined];
  return new EnvpackError(code, `${doing}: ${line}`, { path, hint });
}

/** The line that matters: log lines, stack frames and the pages that messages refer to tell nothing to a user. */
function firstLine(said: string): string {
  const lines = said.split("\n").map((line) => line.trim());
  const telling = lines.find((line) => line !== "" && !isNoise(line)) ?? lines.find((line) => line !== "") ?? "it failed without a word";
  const unknown =
    /UnknownHost(?:Exception)?: {0,4}"?([^\s":;]{1,255})/.exec(telling)?.[1] ??
    /Invalid host name:.{0,200} destination host is: "?([^\s":;(]{1,255})/.exec(telling)?.[1];
  if (unknown !== undefined && !/no machine|the name/.test(telling)) return `no machine has the name ${unknown}`;
  // "-ls: java.lang.IllegalArgumentException: java.net.…Exception: what": the last of these tells.
  return telling
    .replace(/^UnknownHost: |^-?[a-z]{1,20}: /, "")
    .replace(/^(?:(?:[a-z][a-z0-9]{0,40}\.){1,10}[A-Z]\w{0,80}(?:Exception|Error): ){1,5}/, "")
    .replace(/;? For more details see:.*$/, "")
    .replace(/\.$/, "")
    .slice(0, 300);
}

function isNoise(line: string): boolean {
  return /^\d{4}[-/]\d\d[-/]\d\d[ T]|^\d\d\/\d\d\/\d\d |^\s*at |^SLF4J|^log4j|^WARNING:|^Picked up /.test(line);
}
