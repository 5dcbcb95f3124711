import { posix } from "node:path";

/** Kinds of files, as somebody who looks for what is large tells them apart; in the order of the legend. */
export const FILE_KINDS = [
  "JavaScript",
  "native code",
  "WebAssembly",
  "JSON and data",
  "source maps",
  "type declarations",
  "other sources",
  "documents",
  "licences",
  "pictures, styles and fonts",
  "other files",
] as const;
export type FileKind = (typeof FILE_KINDS)[number];

/** By endings, the first that fits. */
const PATTERNS: readonly (readonly [RegExp, FileKind])[] = [
  [/\.map$/, "source maps"],
  [/\.d\.[cm]?ts$|\.flow$/, "type declarations"],
  [/^(?:licen[cs]e|copying|notice|unlicense|copyright)/, "licences"],
  [/\.[cm]?js$|\.jsx$/, "JavaScript"],
  [/\.wasm$/, "WebAssembly"],
  [/\.node$|\.so(?:\.\d+)*$|\.dylib$|\.dll$|\.exe$|\.a$|\.lib$/, "native code"],
  [/\.(?:json5?|ya?ml|toml|xml|csv|tsv|db|sqlite3?|bin|dat|proto|gz|zip|tgz|br)$/, "JSON and data"],
  [/\.(?:[cm]?tsx?|c|cc|cpp|cxx|h|hpp|hh|gypi?|rs|go|py|s|asm|coffee|vue|svelte)$/, "other sources"],
  [/\.(?:md|markdown|txt|rst|html?|pdf|adoc|[1-9])$|^(?:readme|changelog|changes|history|authors|contributing)/, "documents"],
  [/\.(?:css|s[ac]ss|less|png|jpe?g|gif|svg|ico|webp|avif|woff2?|ttf|otf|eot|mp[34])$/, "pictures, styles and fonts"],
];

/** What kind of file one is, by its name. */
export function kindOf(path: string): FileKind {
  if (path === "bin/node" || path === "bin/node.exe") return "native code";
  const name = posix.basename(path).toLowerCase();
  return PATTERNS.find(([pattern]) => pattern.test(name))?.[1] ?? "other files";
}
