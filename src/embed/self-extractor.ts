import { readFile } from "node:fs/promises";

/** The script of a self-extracting file, without the lines that it begins with (src/archive/stub/header.ts). */
export async function selfExtractor(): Promise<Buffer> {
  return readFile(new URL("./shell/self-extractor.sh", import.meta.url));
}
