import { chmodSync, linkSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { Entry } from "../../archive/entry.js";
import { EnvpackError } from "../../support/errors.js";
import { explainWrite, finalFolderMode } from "./folder-writer.js";
import type { ArchiveInput } from "./input.js";
import { readThrough } from "./read-through.js";
import type { ReadOptions, ReadResult } from "./read-request.js";
import { withInput } from "./open-input.js";
import type { InputOptions, OpenedInput } from "./source.js";

export interface ExtractOptions extends ReadOptions {
  /** Which entries to write; all of them by default. The folders above come with them. */
  readonly only?: (arcpath: string) => boolean;
}

export type ExtractResult = ReadResult;

/** Links made between two looks at the signal. */
const BATCH = 512;

/**
 * Checks an opened archive and writes it into a folder: files and folders while reading, then hard links,
 * then symbolic links, last the folders' modes. What was written is worth nothing until this returns: the
 * caller publishes the folder, or removes it.
 *
 * @param folder absolute; exists, is empty, and nobody else writes to it
 * @throws EnvpackError ARCHIVE_…, DIGEST_MISMATCH, SIGNATURE_INVALID, NO_SPACE, INTERRUPTED …
 */
export async function extractOpened(opened: OpenedInput, folder: string, options: ExtractOptions): Promise<ExtractResult> {
  const { only, signal } = options;
  const result = await readThrough(opened, { folder, only }, options);
  await finishTree(folder, only === undefined ? result.index.entries : result.index.entries.filter((entry) => only(entry.path)), signal);
  return result;
}

/** Opens an archive, extracts it as `extractOpened` does, and closes it. */
export async function extractArchive(input: ArchiveInput, folder: string, options: ExtractOptions & InputOptions): Promise<ExtractResult> {
  return withInput(input, options, (opened) => extractOpened(opened, folder, options));
}

/** Makes what comes once all files of a tree are written: hard links, then symbolic links, last the folders' modes. */
export async function finishTree(folder: string, wanted: readonly Entry[], signal: AbortSignal | undefined): Promise<void> {
  await inBatches(ofType(wanted, "hardlink"), signal, ({ path, target }) => {
    makeLink(path, () => {
      linkSync(join(folder, target), join(folder, path));
    });
  });
  await inBatches(ofType(wanted, "symlink"), signal, ({ path, target }) => {
    makeLink(path, () => {
      symlinkSync(target, join(folder, path));
    });
  });
  const mode = finalFolderMode();
  if (mode === null) return;
  await inBatches(ofType(wanted, "directory").reverse(), signal, ({ path }) => {
    chmodSync(join(folder, path), mode);
  });
}

type OfType<Type extends Entry["type"]> = Extract<Entry, { readonly type: Type }>;

/** The entries of one type: of a hundred thousand few are links. */
function ofType<Type extends Entry["type"]>(entries: readonly Entry[], type: Type): OfType<Type>[] {
  return entries.filter((entry): entry is OfType<Type> => entry.type === type);
}

function makeLink(path: string, make: () => void): void {
  try {
    make();
  } catch (error) {
    throw explainWrite(error, path);
  }
}

/** Calls an action on each entry, and lets the event loop turn now and then. */
async function inBatches<One extends Entry>(
  entries: readonly One[],
  signal: AbortSignal | undefined,
  action: (entry: One) => void,
): Promise<void> {
  for (let start = 0; start < entries.length; start += BATCH) {
    await new Promise(setImmediate);
    if (signal?.aborted === true) throw new EnvpackError("INTERRUPTED", "interrupted", { cause: signal.reason });
    for (const entry of entries.slice(start, start + BATCH)) action(entry);
  }
}
