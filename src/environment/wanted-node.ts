import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import semver from "semver";
import type { Notice } from "../support/progress.js";
import { readShortText } from "../support/read-text.js";
import type { Environment } from "./environment.js";
import { asObject, asText, parseObject } from "./package-json.js";

/** What a project says of the Node.js that it is made for. */
interface Wish {
  /** ".nvmrc", or "engines.node of package.json" */
  readonly source: string;
  /** As it stands there. */
  readonly text: string;
  /** What `--node` and semver understand. */
  readonly range: string;
}

/** Bytes of such a file. */
const LIMIT = 1 << 20;

/** Lines of LTS by the names that nvm and .nvmrc give them. */
const LTS_NAMES = new Map(
  ["argon", "boron", "carbon", "dubnium", "erbium", "fermium", "gallium", "hydrogen", "iron", "jod", "krypton"].map((name, index) => [
    name,
    String(4 + 2 * index),
  ]),
);

/** A file of a version manager, and the versions that its text names: any of them will do. */
type Reader = readonly [file: string, read: (text: string) => readonly string[]];

const FILES: readonly Reader[] = [
  [".nvmrc", firstLine],
  [".node-version", firstLine],
  [".tool-versions", (text) => toolVersions(text)],
  ["mise.toml", readMise],
  [".mise.toml", readMise],
  [".config/mise.toml", readMise],
];

const FIELDS: readonly (readonly [string, (json: Readonly<Record<string, unknown>>) => unknown])[] = [
  ["volta.node of package.json", (json) => asObject(json.volta)?.node],
  ["devEngines.runtime of package.json", readDevEngines],
  ["engines.node of package.json", (json) => asObject(json.engines)?.node],
];

/**
 * Tells where the Node.js that goes in is not one that the project asks for, in package.json or in a file of a version
 * manager. Of a file the nearest counts: in the member's folder, the workspace's root, or above it up to the
 * repository's. What is no version ("lts/*", "system") is not compared.
 */
export function noticeWantedNode({ kind, root, member, runtime }: Pick<Environment, "kind" | "root" | "member" | "runtime">): Notice[] {
  if (kind !== "project" || runtime === null) return [];
  const wishes = findWishes(join(root, member?.path ?? ""), root);
  const unmet = wishes.filter(({ range }) => !semver.satisfies(runtime.version, range, { includePrerelease: true }));
  const [first] = unmet;
  if (first === undefined) return [];
  const asked = unmet.map(({ source, text }) => `${text} (${source})`).join(", ");
  const way = /^[\w.]+$/.test(first.range) ? first.range : `'${first.range}'`;
  return [
    { code: "NODE_NOT_WANTED", message: `Node.js ${runtime.version} goes in, but the project asks for ${asked}: --node ${way} brings one` },
  ];
}

function findWishes(folder: string, root: string): Wish[] {
  const wishes = new Map<string, Wish>();
  for (const at of foldersUpwards(folder, root)) {
    for (const [file, read] of FILES) add(file, read(readOr(join(at, file))));
    if (at !== folder && at !== root) continue;
    const json = parseObject(readOr(join(at, "package.json"))) ?? {};
    for (const [field, read] of FIELDS) add(field, [asText(read(json)) ?? ""]);
  }
  // The exact ones come first: what brings them is what to propose.
  const order = [...FILES.map(([file]) => file), ...FIELDS.map(([field]) => field)];
  return [...wishes.values()].sort((a, b) => order.indexOf(a.source) - order.indexOf(b.source));

  function add(source: string, texts: readonly string[]): void {
    const ranges = texts.map(toRange);
    // One that cannot be compared may be the one that is meant.
    if (wishes.has(source) || texts.length === 0 || ranges.includes(null)) return;
    wishes.set(source, { source, text: texts.join(" or "), range: ranges.join(" || ") });
  }
}

/** The folder, those above it to the root, and above that to where the repository begins, if one does. */
function foldersUpwards(folder: string, root: string): string[] {
  const found = [folder];
  for (let at = folder; at !== root;) found.push((at = dirname(at)));
  const above: string[] = [];
  for (let at = root; ; at = dirname(at)) {
    if (existsSync(join(at, ".git"))) return [...found, ...above.slice(1), ...(at === root ? [] : [at])];
    if (at === dirname(at)) return found;
    above.push(at);
  }
}

/** A version or range for semver; null where it is none. */
function toRange(text: string): string | null {
  const plain = text.trim().toLowerCase();
  if (plain === "" || plain.length > 256) return null;
  const line = LTS_NAMES.get(plain.replace(/^lts\//, ""));
  const range = line ?? plain.replace(/^v(?=\d)/, "");
  return semver.validRange(range) === null ? null : range;
}

function firstLine(text: string): string[] {
  const line = text
    .split("\n")
    .map((one) => uncommented(one).trim())
    .find((one) => one !== "");
  return line === undefined ? [] : [line];
}

function toolVersions(text: string): string[] {
  const line = text.split("\n").find((one) => /^node(js)?[ \t]/.test(one));
  return line === undefined
    ? []
    : uncommented(line)
        .trim()
        .split(/[ \t]+/)
        .slice(1);
}

/** `node = "22"`, `node = ["22", "20"]`, `node = { version = "22" }` below [tools], or `version = "22"` below [tools.node]. */
function readMise(text: string): string[] {
  let section = "";
  for (const line of text.split("\n")) {
    const header = /^[ \t]*\[([^\]]*)\]/.exec(line)?.[1];
    if (header !== undefined) section = header.replace(/[" ]/g, "");
    const value =
      section === "tools"
        ? /^[ \t]*"?node(?:js)?"?[ \t]*=(.*)$/.exec(line)?.[1]
        : /^tools\.node(js)?$/.test(section)
          ? /^[ \t]*version[ \t]*=(.*)$/.exec(line)?.[1]
          : undefined;
    if (value !== undefined) return [...uncommented(value).matchAll(/["']([^"']+)["']/g)].map((match) => match[1] ?? "");
  }
  return [];
}

function readDevEngines(json: Readonly<Record<string, unknown>>): unknown {
  const given = asObject(json.devEngines)?.runtime;
  const list = (Array.isArray(given) ? given : [given]).map(asObject);
  return list.find((one) => one?.name === "node")?.version;
}

/** What cannot be read says nothing. */
function readOr(file: string): string {
  try {
    return readShortText(file, LIMIT);
  } catch {
    return "";
  }
}

/** A line as far as its comment. */
function uncommented(line: string): string {
  return line.split("#", 1)[0] ?? "";
}
