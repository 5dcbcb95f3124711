import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { posix } from "node:path";
import type { PlannedFile } from "../archive/entry.js";
import { quoteForShell } from "../support/quote.js";

/** Bytes of a file's start that hold the line that says what runs it (Linux reads 256). */
const FIRST_LINE = 256;
const NODE = /^#!\s*\S*\/(env\s+)?node\s*$/;

/**
 * The script that stands in the place of a link to a command. Node takes a script's real path for its
 * place, so what it starts is just what the link would have.
 *
 * @param folder that the script stands in, an arcpath
 */
export function linkLauncher(folder: string, file: PlannedFile): Uint8Array {
  const locate = readFileSync(new URL("./shell/locate.sh", import.meta.url), "utf8");
  const target = `"$_ep_bin"/${quoteForShell(posix.relative(folder, file.path))}`;
  const [firstLine = ""] = readStart(file).split("\n");
  return Buffer.from(`#!/bin/sh\n${locate}exec ${NODE.test(firstLine) ? "node " : ""}${target} "$@"\n`);
}

function readStart({ source }: PlannedFile): string {
  if (source.kind === "bytes") return Buffer.from(source.bytes.subarray(0, FIRST_LINE)).toString("latin1");
  const start = Buffer.alloc(FIRST_LINE);
  const fd = openSync(source.file, "r");
  try {
    return start.toString("latin1", 0, readSync(fd, start, 0, FIRST_LINE, 0));
  } finally {
    closeSync(fd);
  }
}
