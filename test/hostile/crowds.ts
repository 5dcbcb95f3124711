import { makeHostile } from "./environment.js";
import { folderLine, type Format } from "./raw-archive.js";

const MANY = 1_500_000;

/** Lines without number, made once for all archives. */
function repeat(line: (at: number) => string): () => Buffer {
  let made: Buffer | null = null;
  return () => (made ??= Buffer.from(Array.from({ length: MANY }, (_, at) => line(at)).join("\n")));
}

/** Folders that only an index lists. */
export const folders = repeat((at) => folderLine(`app/${at}`));

/** Frames that only an index lists, as many as no promised entry could fill. */
export const emptyFrames = repeat(() => '{"frame":{"at":0,"size":0,"tar":0,"crc32":0}}');

/** The manifest's own line again and again: the totals do not count envpack's own. */
export const ownEntries = repeat(() => folderLine(".envpack"));

/** The sample with an index that lists many more entries or frames than its manifest promises. */
export function withCrowd(format: Format, crowd: () => Buffer, place: "front" | "end" = "end", promised = 5): Buffer {
  return makeHostile(format, {
    manifest: (m) => ({ ...m, totals: { entries: promised, bytes: 1 << 20 } }),
    lines: (own) => {
      const end = String(own.at(-1)).replace(/"entries":\d+/, `"entries":${MANY + 8}`);
      const [head = ""] = own;
      return place === "front" ? [head, crowd(), ...own.slice(1, -1), end] : [...own.slice(0, -1), crowd(), end];
    },
  });
}
