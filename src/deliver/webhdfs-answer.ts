import type { IncomingMessage } from "node:http";
import { EnvpackError } from "../support/errors.js";

/** Bytes. An answer about one file has a few hundred; a page of a proxy has some thousand. */
const LONGEST = 1 << 20;

/** Milliseconds in which an answer has to have come whole. */
const PATIENCE = 120_000;

/**
 * The body of an answer as a text.
 *
 * @throws EnvpackError ENGINE_UNREACHABLE where it does not end: the rest is not read
 */
export async function readBody(answer: IncomingMessage, path: string): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  const timer = setTimeout(() => answer.destroy(new Error("timed out")), PATIENCE);
  try {
    for await (const piece of answer as AsyncIterable<Buffer>) {
      pieces.push(piece);
      length += piece.length;
      if (length <= LONGEST) continue;
      answer.destroy();
      throw notWebHdfs(path);
    }
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(pieces).toString("utf8");
}

/** What is at a path: the FileStatus of an answer to GETFILESTATUS, checked. */
export function readStatus(body: string, path: string): { readonly isFolder: boolean; readonly length: number; readonly mode: number } {
  const status = fieldsOf(fieldsOf(parse(body)).get("FileStatus"));
  const [type, length, permission] = [status.get("type"), status.get("length"), status.get("permission")];
  const isKnown = type === "FILE" || type === "DIRECTORY";
  if (
    !isKnown ||
    !Number.isSafeInteger(length) ||
    (length as number) < 0 ||
    typeof permission !== "string" ||
    !/^[0-7]{1,4}$/.test(permission)
  )
    throw notWebHdfs(path);
  return { isFolder: type === "DIRECTORY", length: length as number, mode: Number.parseInt(permission, 8) & 0o777 };
}

/** Whether an operation was done: {"boolean": true}. */
export function readBoolean(body: string, path: string): boolean {
  const done = fieldsOf(parse(body)).get("boolean");
  if (typeof done !== "boolean") throw notWebHdfs(path);
  return done;
}

/** Where the second step of reading or writing goes. */
export function readLocation(location: string | undefined, from: URL, path: string): URL {
  const url = location !== undefined && URL.canParse(location, from.href) ? new URL(location, from) : null;
  if (url !== null && (url.protocol === "http:" || url.protocol === "https:") && url.hostname !== "") return url;
  throw notWebHdfs(path);
}

/** What Hadoop says went wrong: {"RemoteException": {"exception", "javaClassName", "message"}}; null where it does not. */
export function remoteException(body: string): string | null {
  const thrown = fieldsOf(fieldsOf(parse(body)).get("RemoteException"));
  const [exception, message] = [thrown.get("exception"), thrown.get("message")];
  return typeof exception === "string" ? `${exception}: ${typeof message === "string" ? message : ""}` : null;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return null;
  }
}

function fieldsOf(value: unknown): ReadonlyMap<string, unknown> {
  return new Map(typeof value === "object" && value !== null ? Object.entries(value) : []);
}

function notWebHdfs(path: string): EnvpackError {
  return new EnvpackError("ENGINE_UNREACHABLE", "what answers there is no WebHDFS", {
    path,
    hint: "name the NameNode's HTTP address, as http://NAMENODE:9870",
  });
}
