import type { PlannedEntry } from "../archive/entry.js";
import { tarName } from "../archive/entry-header.js";
import { cutPieces, FrameCutter, spansFrames, tarBound } from "../archive/frame.js";
import { encodeHeader } from "../archive/header.js";
import { headerOf, type TarShape } from "../archive/entry-header.js";
import { toColumns } from "./packed-entries.js";
import type { PackTask } from "./pack-frame.js";

/** A frame to be made, and what it adds to the totals. */
export interface FrameTask {
  readonly task: PackTask;
  readonly entries: number;
  /** Of content. */
  readonly bytes: number;
}

/** Cuts planned entries into the frames that threads make, in archive order. */
export function* cutTasks(entries: readonly PlannedEntry[], shape: TarShape): Generator<FrameTask> {
  const cutter = new FrameCutter();
  let start = 0;
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index] as PlannedEntry;
    const bound = boundOf(entry, shape);
    if (cutter.startsFrame(entry.path, bound)) {
      if (index > start) yield entriesTask(entries.slice(start, index));
      start = index;
    }
    if (entry.type === "file" && spansFrames(bound)) {
      const header = encodeHeader(headerOf(entry, shape)).length;
      const columns = toColumns([entry]);
      for (const piece of cutPieces(header, entry.size)) {
        yield { task: { kind: "piece", columns, ...piece }, entries: piece.at === 0 ? 1 : 0, bytes: piece.length };
      }
      start = index + 1;
    }
  }
  if (start < entries.length) yield entriesTask(entries.slice(start));
}

function entriesTask(entries: readonly PlannedEntry[]): FrameTask {
  const bytes = entries.reduce((sum, entry) => sum + (entry.type === "file" ? entry.size : 0), 0);
  return { task: { kind: "entries", columns: toColumns(entries) }, entries: entries.length, bytes };
}

function boundOf(entry: PlannedEntry, { arcroot }: TarShape): number {
  const linkname = entry.type === "symlink" ? entry.target : entry.type === "hardlink" ? tarName(entry.target, arcroot) : "";
  return tarBound(tarName(entry.path, arcroot), linkname, entry.type === "file" ? entry.size : 0);
}
