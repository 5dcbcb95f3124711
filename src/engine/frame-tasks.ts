import type { PlannedEntry } from "../archive/entry.js";
import { tarName } from "../archive/entry-header.js";
import { cutPieces, FrameCutter, spansFrames, tarBound } from "../archive/frame.js";
import { encodeHeader } from "../archive/header.js";
import { headerOf, type TarShape } from "../archive/entry-header.js";
import type { PackTask } from "./pack-frame.js";

/** Cuts planned entries into the frames that threads make, in archive order. */
export function* cutTasks(entries: readonly PlannedEntry[], shape: TarShape): Generator<PackTask> {
  const cutter = new FrameCutter();
  let start = 0;
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index] as PlannedEntry;
    const bound = boundOf(entry, shape);
    if (cutter.startsFrame(entry.path, bound)) {
      if (index > start) yield { kind: "entries", entries: entries.slice(start, index) };
      start = index;
    }
    if (entry.type === "file" && spansFrames(bound)) {
      const header = encodeHeader(headerOf(entry, shape)).length;
      for (const piece of cutPieces(header, entry.size)) yield { kind: "piece", entry, ...piece };
      start = index + 1;
    }
  }
  if (start < entries.length) yield { kind: "entries", entries: entries.slice(start) };
}

function boundOf(entry: PlannedEntry, { arcroot }: TarShape): number {
  const linkname = entry.type === "symlink" ? entry.target : entry.type === "hardlink" ? tarName(entry.target, arcroot) : "";
  return tarBound(tarName(entry.path, arcroot), linkname, entry.type === "file" ? entry.size : 0);
}
