import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { EnvpackError, explainError } from "../../support/errors.js";
import { asObject, asText, parseObject } from "../package-json.js";
import { readShortText } from "../../support/read-text.js";

/** What conda recorded of a file into which it wrote the prefix. */
export interface CondaFile {
  /** How it wrote it: in a binary the string keeps its length, NULs fill it up. */
  readonly mode: "text" | "binary";
  /**
   * Bytes of the placeholder that the package was built with: conda replaced it by the prefix, so in a
   * binary each place has the difference to spare as NULs behind its string.
   */
  readonly placeholderLength: number;
}

/** By path relative to the prefix: the files that conda's records say hold the prefix. */
export type CondaFiles = ReadonlyMap<string, CondaFile>;

/** Whether conda (or mamba, micromamba, pixi) made the prefix. */
export function isCondaPrefix(root: string): boolean {
  return existsSync(join(root, "conda-meta"));
}

/**
 * Reads `conda-meta/<package>.json`, of which `paths_data.paths` lists the files with
 * `prefix_placeholder` and `file_mode` (conda's PrefixRecord, docs.conda.io, "conda-meta"). No conda is
 * needed for it.
 *
 * @throws EnvpackError NOT_INSTALLED where a record is not JSON, as an installation that was cut off leaves it
 */
export function readConda(root: string): CondaFiles {
  const files = new Map<string, CondaFile>();
  for (const name of listRecords(join(root, "conda-meta"))) {
    const file = join(root, "conda-meta", name);
    const record = parseObject(readRecord(file));
    if (record === null) {
      throw new EnvpackError("NOT_INSTALLED", "a record of conda is not valid JSON: the prefix is not whole", {
        path: file,
        hint: "install the package anew with conda, or remove the record",
      });
    }
    const paths = asObject(record.paths_data)?.paths;
    for (const entry of Array.isArray(paths) ? paths : []) addFile(files, asObject(entry));
  }
  return files;
}

function addFile(files: Map<string, CondaFile>, entry: Readonly<Record<string, unknown>> | null): void {
  const path = asText(entry?._path);
  const placeholder = asText(entry?.prefix_placeholder);
  if (path === null || placeholder === null) return;
  // conda's own default where a record has no mode.
  const mode = entry?.file_mode === "binary" ? "binary" : "text";
  files.set(path, { mode, placeholderLength: Buffer.byteLength(placeholder) });
}

function listRecords(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".json"))
      .sort();
  } catch (error) {
    throw explainError(error, "cannot read conda's records", folder);
  }
}

function readRecord(file: string): string {
  try {
    return readShortText(file);
  } catch (error) {
    throw explainError(error, "cannot read conda's records", file);
  }
}
