import { constants } from "node:fs";
import { access, open, stat } from "node:fs/promises";
import { delimiter, resolve } from "node:path";
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

/** Whether the kernel itself can start a file: it is a binary, or names what runs it. Shells take any other text for a script. */
export async function startsByItself(path: string): Promise<boolean> {
  const start = await readFirstBytes(path);
  return /^(?:#!|\x7fELF|\xcf\xfa\xed\xfe|\xca\xfe\xba\xbe)/.test(start);
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
