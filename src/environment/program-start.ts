import { closeSync, openSync, readSync } from "node:fs";
import { explainError } from "../support/errors.js";
import type { Bin } from "./environment.js";

type Start = Pick<Bin, "start" | "nodeOptions">;

/** First bytes of native programs: ELF, Mach-O (32 and 64 bit, both byte orders, universal), PE. */
const NATIVE = ["7f454c46", "feedface", "feedfacf", "cefaedfe", "cffaedfe", "cafebabe"];
const PE = "4d5a";

/** Long enough for every sensible first line; the kernel reads 255 bytes of it. */
const HEAD_BYTES = 512;

/**
 * How a program is to be started, by its first bytes: a native program or another interpreter's
 * script directly; a script for node, or one that names no interpreter, by the archive's own node.
 */
export function readProgramStart(file: string): Start {
  return startOf(readHead(file));
}

/** As readStart, for a program whose first bytes are at hand. */
export function startOf(head: Buffer): Start {
  const magic = head.toString("hex", 0, 4);
  if (NATIVE.includes(magic) || magic.startsWith(PE)) return { start: "direct" };
  if (head.toString("latin1", 0, 2) !== "#!") return { start: "node" };
  const line = head.toString("utf8", 2, HEAD_BYTES).split(/\r?\n/, 1)[0] ?? "";
  return readShebang(line.trim().split(/\s+/));
}

/** @param words of a first line behind "#!", as ["/usr/bin/env", "-S", "node", "--no-warnings"] */
function readShebang(words: readonly string[]): Start {
  let at = 0;
  if (baseName(words[0]) === "env") {
    at = words.findIndex((word, index) => index > 0 && !word.startsWith("-") && !word.includes("="));
  }
  const interpreter = baseName(words[at]);
  if (interpreter !== "node" && interpreter !== "nodejs") return { start: "direct" };
  const nodeOptions = words.slice(at + 1).filter((word) => word !== "--");
  return nodeOptions.length === 0 ? { start: "node" } : { start: "node", nodeOptions };
}

function baseName(word: string | undefined): string {
  return (word ?? "").slice((word ?? "").lastIndexOf("/") + 1);
}

function readHead(file: string): Buffer {
  try {
    const descriptor = openSync(file, "r");
    try {
      const head = Buffer.alloc(HEAD_BYTES);
      return head.subarray(0, readSync(descriptor, head, 0, HEAD_BYTES, 0));
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw explainError(error, "cannot read a program", file);
  }
}
