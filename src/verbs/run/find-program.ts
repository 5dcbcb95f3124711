import { constants, existsSync } from "node:fs";
import { access, open, stat } from "node:fs/promises";
import { delimiter, resolve } from "node:path";
import { readElf } from "../../native/elf.js";
import { THIS_MACHINE } from "../../support/this-machine.js";
import type { CommandLine } from "./command-line.js";

/** The file that execvp(3) would start, absolute; null where there is none. */
export async function findProgram({ file, env, cwd = "." }: CommandLine): Promise<string | null> {
  if (file.includes("/")) return (await isProgram(resolve(cwd, file))) ? resolve(cwd, file) : null;
  for (const folder of (env.PATH ?? "").split(delimiter)) {
    const path = resolve(cwd, folder, file);
    if (await isProgram(path)) return path;
  }
  return null;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** Scripts that Linux starts one by the other, until there is a binary (execve(2)). */
const MOST_SCRIPTS = 4;

/**
 * Whether the kernel itself will start a file, as far as that can be seen: it is a binary for this machine whose loader is
 * here, or its first line names such a program. Shells take any other text for a script.
 */
export async function startsByItself(path: string, scripts = MOST_SCRIPTS): Promise<boolean> {
  const start = await readFirstBytes(path);
  if (start.startsWith("#!")) {
    const interpreter = /^#![ \t]*(\S+)\s/.exec(start)?.[1];
    return scripts > 0 && interpreter !== undefined && (await isProgram(interpreter)) && startsByItself(interpreter, scripts - 1);
  }
  if (!start.startsWith("\x7fELF")) return /^(?:\xcf\xfa\xed\xfe|\xca\xfe\xba\xbe)/.test(start);
  const elf = readElf(path, null);
  return elf?.arch === THIS_MACHINE.arch && (elf.interpreter === null || existsSync(elf.interpreter));
}

/** Bytes of the first line that kernels read. */
const FIRST_LINE = 256;

async function readFirstBytes(path: string): Promise<string> {
  const handle = await open(path, "r").catch(() => null);
  if (handle === null) return "";
  try {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(FIRST_LINE), 0, FIRST_LINE, 0);
    return buffer.toString("latin1", 0, bytesRead);
  } finally {
    await handle.close();
  }
}
