import { readFileSync } from "node:fs";
import { dirname } from "node:path/posix";
import type { HdfsStatus, HdfsStore } from "../../src/deliver/hdfs-store.js";
import { EnvpackError } from "../../src/support/errors.js";

interface Thing {
  mode: number;
  /** Null of a folder. */
  content: Buffer | null;
}

/** A file system in memory that does as HDFS does; a test puts another client's work in between by `before`. */
export class MemoryStore implements HdfsStore {
  readonly via = "memory";
  readonly things = new Map<string, Thing>([["/", { mode: 0o755, content: null }]]);
  /** Called before each call with its name: what others do meanwhile. */
  before: (call: string, path: string) => void = () => undefined;
  /** What happens to bytes on their way to the disk. */
  store: (content: Buffer) => Buffer = (content) => content;

  put(path: string, content: Buffer | null, mode: number): void {
    this.things.set(path, { content, mode });
  }

  names(): string[] {
    return [...this.things.keys()].sort();
  }

  async look(paths: readonly string[]): Promise<readonly (HdfsStatus | null)[]> {
    this.before("look", paths.at(-1) ?? "");
    return paths.map((path) => {
      const thing = this.things.get(path);
      return thing === undefined
        ? null
        : { kind: thing.content === null ? "folder" : "file", length: thing.content?.length ?? 0, mode: thing.mode };
    });
  }

  async makeFolder(path: string): Promise<void> {
    this.before("makeFolder", path);
    for (let at = path; !this.things.has(at); at = dirname(at)) this.put(at, null, 0o755);
  }

  async write(path: string, file: string): Promise<void> {
    this.before("write", path);
    this.put(path, this.store(readFileSync(file)), 0o644);
  }

  async *read(path: string): AsyncIterable<Uint8Array> {
    this.before("read", path);
    const content = this.things.get(path)?.content ?? Buffer.alloc(0);
    for (let at = 0; at < content.length; at += 7) yield content.subarray(at, at + 7);
  }

  async rename(from: string, to: string): Promise<boolean> {
    this.before("rename", to);
    const thing = this.things.get(from);
    if (thing === undefined || this.things.has(to)) return false;
    this.things.set(to, thing);
    return this.things.delete(from);
  }

  async setMode(path: string, mode: number): Promise<void> {
    this.before("setMode", path);
    const thing = this.things.get(path);
    if (thing === undefined) throw new EnvpackError("IO", "there is none", { path });
    thing.mode = mode;
  }

  async remove(path: string): Promise<void> {
    this.before("remove", path);
    this.things.delete(path);
  }
}
