import { EnvpackError } from "../support/errors.js";

/** A folder on a Hadoop file system, as a URI without a slash at its end. */
export interface HdfsPlace {
  /** As workers name it: "hdfs://namenode:8020/envs". */
  readonly uri: string;
  /** The file system that it is on: "hdfs://namenode:8020". */
  readonly root: string;
}

/** Hadoop's lists are split at commas, its aliases begin with "#", its shell takes globs: such names would be taken apart. */
const PLAIN_PATH = /^[A-Za-z0-9._~@+=/-]*$/;

/**
 * Reads what `--to` names.
 *
 * @throws EnvpackError USAGE where it is no folder of a Hadoop file system, or one that Hadoop would take apart
 */
export function parsePlace(text: string): HdfsPlace {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/]*)(\/.*)?$/i.exec(text);
  const [, scheme = "", authority = "", path = ""] = match ?? [];
  if (match === null || scheme.toLowerCase() === "file") {
    throw new EnvpackError("USAGE", "not a folder on a Hadoop file system", { path: text, hint: "name one as hdfs://NAMENODE:8020/envs" });
  }
  const segments = path.split("/").filter((segment) => segment !== "");
  if (!PLAIN_PATH.test(path) || segments.includes("..") || segments.includes(".") || !/^[\w.:@[\]-]*$/.test(authority)) {
    throw new EnvpackError("USAGE", "the folder's name has characters that Hadoop's lists and globs would take apart", {
      path: text,
      hint: "use letters, digits and . _ ~ @ + = - only",
    });
  }
  const root = `${scheme.toLowerCase()}://${authority}`;
  return { uri: [root, ...segments].join("/"), root };
}
