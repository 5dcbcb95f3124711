/** The `tar` package as a program: node-tar.mjs pack tar.zst|tar.gz FOLDER ARCHIVE, node-tar.mjs unpack ARCHIVE FOLDER. */
import { create, extract } from "tar";

const [verb, ...rest] = process.argv.slice(2);

if (verb === "pack") {
  const [format, cwd, file] = rest;
  await create({ cwd, file, ...(format === "tar.zst" ? { zstd: true } : { gzip: true }) }, ["."]);
} else {
  const [file, cwd] = rest;
  await extract({ cwd, file });
}
