import type { PlannedEntry, PlannedFile } from "../../archive/entry.js";
import { tarName } from "../../archive/tar/entry-header.js";
import { cutPieces, FRAME_MAX, FrameCutter, spansFrames, tarBound } from "../../archive/frame.js";
import { encodeHeader } from "../../archive/tar/header.js";
import { headerOf, type TarShape } from "../../archive/tar/entry-header.js";
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
  const linked = shape.times === "content" ? linkedFiles(entries) : new Map<string, PlannedFile>();
  let start = 0;
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index] as PlannedEntry;
    const bound = boundOf(entry, shape);
    if (cutter.startsFrame(entry.path, bound)) {
      if (index > start) yield entriesTask(entries.slice(start, index), linked);
      start = index;
    }
    if (entry.type === "file" && spansFrames(bound)) {
      yield* piecesOf(entry, shape);
      start = index + 1;
    }
  }
  if (start < entries.length) yield entriesTask(entries.slice(start), linked);
}

/** The first pieces of all files that span frames, in archive order. */
export function* firstPieces(entries: readonly PlannedEntry[], shape: TarShape): Generator<FrameTask> {
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index] as PlannedEntry;
    // Far below the limit nothing else about it needs to be asked.
    if (entry.type !== "file" || entry.size < FRAME_MAX / 2 || !spansFrames(boundOf(entry, shape))) continue;
    const [first] = piecesOf(entry, shape);
    if (first !== undefined) yield first;
  }
}

function* piecesOf(entry: PlannedFile, shape: TarShape): Generator<FrameTask> {
  const header = encodeHeader(headerOf(entry, shape)).length;
  const columns = toColumns([entry]);
  for (const piece of cutPieces(header, entry.size)) {
    yield { task: { kind: "piece", columns, ...piece }, entries: piece.at === 0 ? 1 : 0, bytes: piece.length };
  }
}

/** The files that hard links lead to, by path: a link's time is that of its file, which may stand in another frame. */
function linkedFiles(entries: readonly PlannedEntry[]): ReadonlyMap<string, PlannedFile> {
  const targets = new Set<string>();
  for (let index = 0; index < entries.length; index++) {
    const entry = entries[index] as PlannedEntry;
    if (entry.type === "hardlink") targets.add(entry.target);
  }
  const files = new Map<string, PlannedFile>();
  if (targets.size > 0) for (const entry of entries) if (entry.type === "file" && targets.has(entry.path)) files.set(entry.path, entry);
  return files;
}

function entriesTask(entries: readonly PlannedEntry[], linked: ReadonlyMap<string, PlannedFile>): FrameTask {
  const bytes = entries.reduce((sum, entry) => sum + (entry.type === "file" ? entry.size : 0), 0);
  const files = new Set(
    linked.size === 0 ? [] : entries.flatMap((entry) => (entry.type === "hardlink" ? (linked.get(entry.target) ?? []) : [])),
  );
  return {
    task: { kind: "entries", columns: toColumns(entries), linked: files.size === 0 ? undefined : toColumns([...files]) },
    entries: entries.length,
    bytes,
  };
}

function boundOf(entry: PlannedEntry, { arcroot }: TarShape): number {
  const linkname = entry.type === "symlink" ? entry.target : entry.type === "hardlink" ? tarName(entry.target, arcroot) : "";
  return tarBound(tarName(entry.path, arcroot), linkname, entry.type === "file" ? entry.size : 0);
}
