import { posix } from "node:path";
import { readImage, TAG } from "../../native/elf-image.js";
import { PLAIN, type Component } from "./component.js";
import { isObject, readObject } from "./package-facts.js";
import { genericPurl } from "./purl.js";
import { sha256Of } from "../../support/digest.js";

/** Characters of a name that a file system takes. */
const LONGEST = 255;

/** Whether a file's name is that of a shared library, and none of an addon's. */
export function isLibrary(path: string): boolean {
  return partsOf(posix.basename(path)) !== null;
}

/** `libvips-cpp.so.8.17.3`, `libvips-cpp.8.17.3.dylib`, `libvips-42.dll`: what it is called, and its version. */
function partsOf(name: string): { readonly name: string; readonly version: string | null } | null {
  if (name.length > LONGEST) return null;
  const at = name.indexOf(".so");
  if (at > 0 && (name.endsWith(".so") || /^\.so\.\d[\w.]*$/.test(name.slice(at))))
    return { name: name.slice(0, at), version: name.slice(at + ".so.".length) || null };
  if (/\.dylib$/.test(name)) return splitVersion(name.slice(0, -".dylib".length), ".");
  return /\.dll$/i.test(name) ? splitVersion(name.slice(0, -".dll".length), "-") : null;
}

/** Takes digits and dots from the end of a name, from the first mark in front of a digit on. */
function splitVersion(stem: string, mark: string): { readonly name: string; readonly version: string | null } | null {
  let from = stem.length;
  while (from > 0 && /[\d.]/.test(stem[from - 1] ?? "")) from--;
  if (mark === "-") from = stem[from - 1] === mark ? from - 1 : stem.length;
  while (from < stem.length && !(stem[from] === mark && /\d/.test(stem[from + 1] ?? ""))) from++;
  if (from === 0 || stem === "") return null;
  return { name: stem.slice(0, from), version: stem.slice(from + 1) || null };
}

/** A shared library, by its own name for itself, else its file's. A number alone counts its interface, and is no version. */
export function describeLibrary(path: string, content: Buffer): Component {
  const soname = readSoname(content);
  const own = soname === null ? null : partsOf(soname);
  const file = partsOf(posix.basename(path));
  const version = [file?.version, own?.version].find((one) => one?.includes(".")) ?? null;
  const name = own?.name ?? file?.name ?? posix.basename(path);
  const hashes = [{ algorithm: "SHA-256", hex: sha256Of(content) }] as const;
  return { ...PLAIN, kind: "library", ref: path, name, version, soname, hashes, purl: genericPurl(name, version) };
}

function readSoname(content: Buffer): string | null {
  const image = readImage(content);
  const entry = image?.entries.find(({ tag }) => tag === TAG.SONAME);
  if (image === null || entry === undefined) return null;
  const from = image.strings.at + entry.value;
  const end = content.indexOf(0, from);
  return end < 0 || end - from > 255 || end === from ? null : content.toString("utf8", from, end);
}

/** The file in which packages of prebuilt libraries say what was built in: libvips' names 30 of them, each with its version. */
export const VERSIONS_FILE = "versions.json";

/** What a package's versions.json names; empty where it is something else. */
export function readBuiltIn(folder: string, content: Buffer): Component[] {
  const fields = readObject(content) ?? {};
  const all = Object.entries(isObject(fields) ? fields : {});
  if (!all.every(([, version]) => typeof version === "string" && /^v?\d[\w.+-]*$|^[0-9a-f]{7,40}$/.test(version))) return [];
  return all.map(([name, version]) => ({
    ...PLAIN,
    kind: "part",
    ref: `${folder}#${name}`,
    name,
    version: version as string,
    purl: genericPurl(name, version as string),
  }));
}
