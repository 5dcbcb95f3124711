import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { isAbsolute, join, relative, resolve, sep } from "node:path";
import type { RecordedFile, Touch } from "./record-file.js";

const ORDER: readonly Touch[] = ["resolved", "asked", "opened", "started"];

/** Gathers what the hooks, and strace(1), noted in a folder. */
export class TouchedFiles {
  readonly #roots: readonly string[];
  readonly #found = new Map<string, Set<Touch>>();

  /** @param roots absolute, links resolved; the environment's own first */
  constructor(roots: readonly string[]) {
    this.#roots = roots;
  }

  /** The files that recorder.cjs wrote. What a process that was killed wrote by half is skipped. */
  readHooks(folder: string): void {
    for (const name of readdirSync(folder)) {
      if (!name.includes(".txt")) continue;
      for (const line of readFileSync(join(folder, name), "utf8").split("\n")) {
        const parsed = parseLine(line);
        if (parsed !== null) this.#note(parsed[1], parsed[0]);
      }
    }
  }

  /** What `strace -y` wrote. */
  readStrace(file: string): void {
    for (const line of readFileSync(file, "utf8").split("\n")) {
      const call =
        /\b(openat|open|execve|newfstatat|statx|stat|lstat|readlink|readlinkat|access|faccessat2?)\((?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)".*\) = \d/.exec(
          line,
        );
      if (call === null) continue;
      const [, name = "", base, text = ""] = call;
      const path = unescapeC(text);
      if (!isAbsolute(path) && base === undefined) continue;
      const how: Touch = name.startsWith("open") ? "opened" : name === "execve" ? "started" : "asked";
      const full = isAbsolute(path) ? path : resolve(base ?? "/", path);
      this.#note(full, how);
      this.#note(realPath(full), how);
    }
  }

  /** Sorted by path. */
  finish(): RecordedFile[] {
    const files = [...this.#found].map(([path, how]) => ({ path, how: ORDER.filter((one) => how.has(one)) }));
    return files.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  #note(file: string, how: Touch): void {
    if (!this.#roots.some((root) => file.startsWith(`${root}${sep}`))) return;
    const path = relative(this.#roots[0] as string, file)
      .split(sep)
      .join("/");
    // A path of control characters is in no archive.
    if (path.length > 4096 || /\p{Cc}/u.test(path)) return;
    const known = this.#found.get(path);
    if (known === undefined) this.#found.set(path, new Set([how]));
    else known.add(how);
  }
}

function parseLine(line: string): readonly [Touch, string] | null {
  try {
    const value: unknown = JSON.parse(line);
    if (!Array.isArray(value)) return null;
    const [how, file] = value as unknown[];
    return typeof file === "string" && ORDER.includes(how as Touch) ? [how as Touch, file] : null;
  } catch {
    return null;
  }
}

function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}

/** strace writes other bytes than printable ASCII as octal numbers. */
function unescapeC(text: string): string {
  if (!text.includes("\\")) return text;
  const bytes = text.replace(/\\([0-7]{1,3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))).replace(/\\(["\\])/g, "$1");
  return Buffer.from(bytes, "latin1").toString("utf8");
}
