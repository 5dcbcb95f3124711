import { readHost } from "../../src/manifest/host.js";
import { MANIFEST } from "../manifest/sample.js";
import { buildArchive, file, folder, hardlink, symlink, type Format, type RawArchive, type RawEntry } from "./raw-archive.js";

const platform = await readHost();

/** How the sample environment is changed. */
export interface Hostile extends Partial<Omit<RawArchive, "frames">> {
  /** Entries that stand among the environment's own. */
  readonly inside?: readonly RawEntry[];
  /** Entries in a frame before all else. */
  readonly before?: readonly RawEntry[];
  /** Tar bytes behind the index, before the end mark. */
  readonly after?: Buffer;
  readonly manifest?: (manifest: Record<string, unknown>) => unknown;
  readonly fixups?: string;
  /** Changes the frames as a whole. */
  readonly frames?: (frames: RawEntry[][]) => RawEntry[][];
}

const SAMPLE: readonly RawEntry[] = [
  folder("app"),
  file("app/a.js", "module.exports = 1;\n"),
  hardlink("app/twin.js", "app/a.js"),
  symlink("app/way", "a.js"),
  folder("bin"),
];

const isCounted = ({ line }: RawEntry): boolean => line !== null;

/** An archive of a small environment with something hostile in it. */
export function makeHostile(format: Format, hostile: Hostile = {}): Buffer {
  const entries = [...SAMPLE, ...(hostile.inside ?? [])];
  const counted = [...(hostile.before ?? []), ...entries].filter(isCounted);
  const bytes = counted.reduce((sum, { line }) => sum + Number(/"size":(\d+)/.exec(String(line))?.[1] ?? 0), 0);
  const manifest = { ...MANIFEST, platform, totals: { entries: counted.length, bytes } };
  const text = hostile.manifest?.(manifest) ?? manifest;
  const start = [folder(".envpack"), file(".envpack/manifest.json", `${JSON.stringify(text, null, 2)}\n`)];
  const all = [[...start, ...entries], [file(".envpack/fixups.jsonl", hostile.fixups ?? "")]];
  const frames = hostile.before === undefined ? all : [[...hostile.before], ...all];
  const { after, tail } = hostile;
  return buildArchive(format, {
    ...hostile,
    frames: hostile.frames?.(frames) ?? frames,
    tail: tail ?? (after === undefined ? undefined : (padding) => Buffer.concat([padding.subarray(1024), after, Buffer.alloc(1024)])),
  });
}
