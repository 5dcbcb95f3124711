import { readZipContent, readZipDirectory, zipInMemory } from "../../archive/zip/small-zip.js";

/** The content of a file of a zip; null where there is none of that name, or the zip is damaged. */
export function readZipFile(zip: Buffer, name: string): Buffer | null {
  try {
    const source = zipInMemory(zip);
    const record = readZipDirectory(source).get(name);
    return record === undefined ? null : readZipContent(source, record);
  } catch {
    return null;
  }
}

/** Names of the files of a zip; none where it is damaged. */
export function listZip(zip: Buffer): string[] {
  try {
    return [...readZipDirectory(zipInMemory(zip)).keys()];
  } catch {
    return [];
  }
}
