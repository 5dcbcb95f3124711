import { posix } from "node:path";
import { splitZip } from "../../environment/pnp/location.js";
import type { PackedTree } from "./packed-tree.js";
import { Links } from "./links.js";
import { listZip, readZipFile } from "./yarn-zip.js";

/** Files of a package's own folder, or of one called LICENSES, in which licences, copyrights and notices stand. */
const NAMES =
  /^(?:licen[cs]es\/[^/]+|(?:[\w.-]*[._-])?(?:licen[cs]es?|copying|copyright|notices?|unlicense|third-?party\w*)(?:[._-][^/]*)?)$/i;
/** Programs and data may be called so as well: `license.js`, `licenses.json`. */
const CODE = /\.(?:[cm]?[jt]sx?|json|map|node|wasm|html?|css)$/i;

/** Bytes of a text, and of an archive of Yarn's cache. */
const LARGEST = 16 << 20;
const LARGEST_ZIP = 512 << 20;

interface Licensed {
  readonly name: string;
  readonly version: string | null;
  readonly license: string | null;
  readonly files: readonly string[];
}

/**
 * The files with licences of packages, sorted; of one in an archive of Yarn's cache as if that were a folder.
 *
 * @param folders arcpaths of packages
 */
export async function findTexts(tree: PackedTree, folders: readonly string[]): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>(folders.map((folder) => [folder, []]));
  const note = (path: string): void => {
    for (let folder = posix.dirname(path), depth = 0; depth < 2; folder = posix.dirname(folder), depth++) {
      const files = found.get(folder);
      if (files === undefined) continue;
      const name = path.slice(folder.length + 1);
      if (NAMES.test(name) && !CODE.test(name)) files.push(path);
      return;
    }
  };
  for (const { path, type } of tree.entries) if (type === "file" || type === "hardlink") note(path);
  const zips = new Set(folders.map((folder) => splitZip(folder)?.zip).filter((zip) => zip !== undefined));
  for await (const { path, content } of tree.read(zips)) for (const name of listZip(content)) note(`${path}/${name}`);
  for (const files of found.values()) files.sort();
  return found;
}

/** All texts, each behind a line that names its package: what has none is named as well. */
export async function writeNotices(tree: PackedTree, packages: readonly Licensed[]): Promise<Buffer> {
  const texts = await readTexts(
    tree,
    packages.flatMap(({ files }) => files),
  );
  const parts = packages.map(({ name, version, license, files }) => {
    const head = `${RULE}\n${line([name, version].filter((one) => one !== null).join(" "))}\nlicence: ${line(license ?? "not named")}\n${RULE}\n`;
    if (files.length === 0) return `${head}\n(no text of a licence is packed with it)\n`;
    return `${head}${files.map((path) => `\n--- ${line(path)}\n\n${(texts.get(path) ?? "(not read: it is too large)").replace(/\r\n?/g, "\n").trimEnd()}\n`).join("")}`;
  });
  return Buffer.from(`Licences and notices of third parties\n\n${parts.join("\n")}`);
}

const RULE = "=".repeat(80);

/** A name may hold anything, and is one line here. */
function line(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ");
}

async function readTexts(tree: PackedTree, paths: readonly string[]): Promise<Map<string, string>> {
  const links = new Links(tree.entries);
  const wanted = new Map<string, string[]>();
  for (const path of paths) {
    const place = splitZip(path)?.zip ?? path;
    const file = links.file(place);
    if (file === null || file.size > (place === path ? LARGEST : LARGEST_ZIP)) continue;
    wanted.set(file.path, [...(wanted.get(file.path) ?? []), path]);
  }
  const texts = new Map<string, string>();
  for await (const { path: file, content } of tree.read(new Set(wanted.keys()))) {
    for (const path of wanted.get(file) ?? []) {
      const zip = splitZip(path);
      const text = zip === null ? content : readZipFile(content, zip.inside);
      if (text !== null) texts.set(path, text.toString("utf8").replace(/^\uFEFF/, ""));
    }
  }
  return texts;
}
