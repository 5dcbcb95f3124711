import { readZipContent, readZipDirectory, zipInMemory } from "../../archive/zip/small-zip.js";

/** The archive of Yarn's cache that holds a package's folder, and the folder in it; null where it lies in none. */
export function splitZip(path: string): { readonly zip: string; readonly inside: string } | null {
  const match = /^(.*?\.zip)\/(.+)$/.exec(path);
  return match === null ? null : { zip: match[1] as string, inside: match[2] as string };
}

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
