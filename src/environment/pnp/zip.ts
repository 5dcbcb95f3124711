import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { readZipContent, readZipDirectory, type ZipSource } from "../../archive/zip/small-zip.js";
import { EnvpackError } from "../../support/errors.js";

export interface ZipFile {
  /** Names of the files, without those of folders. */
  readonly names: readonly string[];
  /** The content of a file; null where there is none of that name. */
  readonly read: (name: string) => Buffer | null;
}

/** Reads the directory of an archive of Yarn's cache, to find package.json files and the first lines of commands. */
export function readZip(file: string): ZipFile {
  const records = withZip(file, readZipDirectory);
  return {
    names: [...records.keys()],
    read: (name) => {
      const record = records.get(name);
      return record === undefined ? null : withZip(file, (source) => readZipContent(source, record));
    },
  };
}

function withZip<T>(file: string, work: (source: ZipSource) => T): T {
  try {
    const descriptor = openSync(file, "r");
    try {
      return work({ size: fstatSync(descriptor).size, read: (at, length) => read(descriptor, at, length) });
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw damaged(file, error);
  }
}

function read(descriptor: number, at: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, readSync(descriptor, buffer, 0, length, at));
}

function damaged(path: string, cause: unknown): EnvpackError {
  return new EnvpackError("NOT_INSTALLED", "an archive of Yarn's cache is missing or damaged", {
    path,
    // A damaged one that is still there makes it fail.
    hint: "remove the file and bring it back with `yarn install`, or pack what is there with `--ignore-lock`",
    cause,
  });
}
