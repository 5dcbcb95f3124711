import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { META } from "../archive/entry.js";
import { readOwnFile } from "../archive/meta-file.js";
import { EnvpackError, explainError } from "../support/errors.js";
import { arcpath, count, list, nullable, record, ShapeError, text, tuple, type Shape } from "../manifest/shape.js";
import type { Fixup, FixupPlace } from "../manifest/fixup.js";
import type { Segment } from "../scan/segments.js";

/** What a restored environment remembers of its fix-ups, relative to its folder. */
export const RELOCATED_FILE = `${META.folder}/relocated.json`;

/** Beginning of the names of files that exist in `.envpack` just while fix-ups are applied. */
export const WORKING_PREFIX = "relocating-";

/**
 * `.envpack/relocated.json`: which place was written into the environment's files, and what stood
 * there, so that a second move and `verify` can find the original content.
 */
export interface Relocation {
  /** The place that all files name; null until a first run has come to its end. */
  readonly root: string | null;
  /**
   * Places that runs are writing, or were when they were cut off: while there are any, a file may name
   * one of these, or `root`, or the place where the environment was made.
   */
  readonly pending: readonly string[];
  /** By arcpath: the replaced stretches of the original content. */
  readonly files: ReadonlyMap<string, readonly SavedSegment[]>;
}

export interface SavedSegment {
  readonly at: number;
  readonly original: Buffer;
}

/** Original bytes are written as Latin-1, each text once, and referred to by number. */
interface RelocationFile {
  version: number;
  root: string | null;
  pending: string[];
  originals: string[];
  files: { path: string; segments: [at: number, original: number][] }[];
}

const anyBytes: Shape<string> = (value, where) => {
  if (typeof value === "string" && !/[^\0-\xff]/.test(value)) return value;
  throw new ShapeError(`${where} is not a text of bytes`);
};

const shape = record<RelocationFile>({
  version: count,
  root: nullable(text(4096)),
  pending: list(text(4096)),
  originals: list(anyBytes),
  files: list(record<RelocationFile["files"][number]>({ path: arcpath, segments: list(tuple<[number, number]>(count, count)) })),
});

function encode(relocation: Relocation): string {
  const numbers = new Map<string, number>();
  const files = [...relocation.files].map(([path, segments]) => ({
    path,
    segments: segments.map(({ at, original }): [number, number] => {
      const key = original.toString("latin1");
      const number = numbers.get(key) ?? numbers.size;
      numbers.set(key, number);
      return [at, number];
    }),
  }));
  const { root, pending } = relocation;
  const file: RelocationFile = { version: 1, root, pending: [...pending], originals: [...numbers.keys()], files };
  return `${JSON.stringify(file)}\n`;
}

function decode(content: string, path: string): Relocation {
  try {
    const file = shape(JSON.parse(content), "relocated.json");
    if (file.version !== 1) throw new ShapeError("its version is not known");
    const originals = file.originals.map((original) => Buffer.from(original, "latin1"));
    const files = new Map<string, SavedSegment[]>();
    for (const { path: name, segments } of file.files) {
      files.set(
        name,
        segments.map(([at, number]) => ({ at, original: originals[number] ?? Buffer.alloc(0) })),
      );
    }
    return { root: file.root, pending: file.pending, files };
  } catch (error) {
    if (!(error instanceof ShapeError || error instanceof SyntaxError)) throw error;
    throw new EnvpackError("RELOCATION_FAILED", `the record of earlier fix-ups is damaged: ${error.message}`, {
      path,
      hint: "restore the environment from its archive",
      cause: error,
    });
  }
}

/** Reads what is remembered of earlier fix-ups; null where none were ever applied. */
export async function readRelocation(folder: string): Promise<Relocation | null> {
  const path = join(folder, RELOCATED_FILE);
  const content = await readOwnFile(folder, RELOCATED_FILE).catch((error: unknown) => {
    throw explainError(error, "cannot read the record of earlier fix-ups", path);
  });
  return content === null ? null : decode(content.toString("utf8"), path);
}

/** Writes the record; a reader finds the old one or the new one, also after a power cut. */
export async function writeRelocation(folder: string, relocation: Relocation): Promise<void> {
  const temporary = join(folder, META.folder, `${WORKING_PREFIX}${process.pid}-record`);
  await rm(temporary, { force: true });
  const file = await open(temporary, "wx", 0o644);
  try {
    await file.writeFile(encode(relocation));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, join(folder, RELOCATED_FILE));
}

/** The segments of a file as an earlier run saved them, with the fix-up's places put back into them. */
export function savedSegments(relocation: Relocation, fixup: Fixup): Segment[] {
  const saved = relocation.files.get(fixup.path) ?? [];
  let next = 0;
  return saved.map(({ at, original }) => {
    const places: FixupPlace[] = [];
    for (let place = fixup.places[next]; place !== undefined && place.at < at + original.length; place = fixup.places[next]) {
      if (place.at >= at && place.at + place.length <= at + original.length) places.push(place);
      next += 1;
    }
    return { at, original, places };
  });
}
