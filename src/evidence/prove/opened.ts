import { readFileSync } from "node:fs";
import type { Line } from "./sandbox/sandbox.js";
import type { Opened } from "./report.js";

/** What was opened while a run lasted, as far as it can be told. */
export class OpenedFiles {
  readonly #own: readonly string[];
  readonly #hidden: readonly string[];
  readonly #files = new Set<string>();
  readonly #missed = new Set<string>();
  #traced = false;

  /**
   * @param own folders inside that are the environment's, or made for it
   * @param hidden folders of this machine that are not there inside
   */
  constructor(own: readonly string[], hidden: readonly string[]) {
    this.#own = own;
    this.#hidden = hidden;
  }

  noteLoaded(files: readonly string[]): void {
    for (const file of files) this.#add(file);
  }

  /** Reads what strace wrote of one command, and what its program is called inside. */
  noteTrace(file: string, program: string): void {
    this.#traced = true;
    let begun = false;
    for (const line of readLines(file)) {
      begun ||= line.includes("execve(") && line.includes(`execve("${program}`);
      if (!begun) continue;
      const match = /^\d+ +(?:openat\([^,]+, |open\(|execve\()"((?:[^"\\]|\\.)*)".* = (-?\d+)(?: (E[A-Z]+))?/.exec(line);
      const path = unescapeTrace(match?.[1] ?? "");
      if (match === null || !path.startsWith("/")) continue;
      if (Number(match[2]) >= 0) this.#add(path);
      else if (match[3] === "ENOENT" && this.#hidden.some((root) => path === root || path.startsWith(`${root}/`))) this.#missed.add(path);
    }
  }

  finish(): Opened {
    return { by: this.#traced ? "strace" : "maps", files: [...this.#files].sort(), missed: [...this.#missed].sort() };
  }

  #add(file: string): void {
    const isOwn = [...this.#own, "/proc", "/dev", "/sys", "/tmp"].some((root) => file === root || file.startsWith(`${root}/`));
    // Whoever asks for the time zone's name looks into hundreds of files.
    if (!isOwn && file.startsWith("/")) this.#files.add(file.replace(/^(\/usr\/share\/zoneinfo)\/.*/, "$1"));
  }
}

/** The same command below strace(1), which writes what is opened and started to a file; other calls are not stopped at. */
export function traced(strace: string, line: Line, file: string): Line {
  const args = [
    "-f",
    "-qq",
    "--seccomp-bpf",
    "-e",
    "trace=openat,open,execve",
    "-e",
    "signal=none",
    "-s",
    "4096",
    "-o",
    file,
    "--",
    line.file,
    ...line.args,
  ];
  return { ...line, file: strace, args };
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n");
  } catch {
    return [];
  }
}

/** strace writes other bytes than ASCII's as octal numbers. */
function unescapeTrace(text: string): string {
  if (!text.includes("\\")) return text;
  const latin = text.replaceAll(/\\(?:([0-7]{1,3})|(.))/g, (_, octal: string | undefined, letter: string) =>
    octal === undefined ? letter : String.fromCharCode(Number.parseInt(octal, 8)),
  );
  return Buffer.from(latin, "latin1").toString("utf8");
}
