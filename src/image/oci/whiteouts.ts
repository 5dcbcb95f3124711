import { posix } from "node:path";

const WHITEOUT = ".wh.";
const OPAQUE = ".wh..wh..opq";

/** What an entry takes away from the layers below its own; the entries of its own layer stay, wherever they are in the tar. */
export interface Whiteout {
  /** Of the root: ".". */
  readonly path: string;
  /** Whether the folder itself stays, and only what is in it goes. */
  readonly isOpaque: boolean;
}

/** Reads the name of a layer's entry (image-spec 1.1, layer.md, "Whiteouts"); null where it stands for itself. */
export function readWhiteout(path: string): Whiteout | null {
  const name = posix.basename(path);
  if (!name.startsWith(WHITEOUT)) return null;
  const folder = posix.dirname(path);
  return name === OPAQUE ? { path: folder, isOpaque: true } : { path: posix.join(folder, name.slice(WHITEOUT.length)), isOpaque: false };
}

/** Whether it takes away what lies at a path. */
export function isTaken({ path, isOpaque }: Whiteout, at: string): boolean {
  return path === "." || at.startsWith(`${path}/`) || (!isOpaque && at === path);
}
