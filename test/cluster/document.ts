import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execute } from "../real/commands.js";

/** docs/clusters.md, whose commands the tests of the engines run: what stands there is what was tried. */
const DOCUMENT = readFileSync(join(import.meta.dirname, "../../docs/clusters.md"), "utf8");

/** A section of it, as text. */
export function sectionOf(title: string): string {
  const [, section] = new RegExp(`^## ${title}$([^]*?)(?=^## |(?![^]))`, "m").exec(DOCUMENT) ?? [];
  if (section === undefined) throw new Error(`docs/clusters.md has no section ${title}`);
  return section;
}

/** The indented lines of a section that begin with "$ ", continued ones joined, without the remarks behind "  #". */
export function linesOf(title: string): string[] {
  const joined = sectionOf(title).replace(/ *\\\n */g, " ");
  return [...joined.matchAll(/^ {4}\$ (.*)$/gm)].map(([, line = ""]) => line.replace(/\s+# .*$/, ""));
}

/** The same as words, as a shell splits them; nothing in them is expanded. */
export function commandsOf(title: string): string[][] {
  return linesOf(title).map((line) => {
    const { stdout } = execute("sh", ["-c", `set -f; printf '%s\\0' ${line.replaceAll("$", "\\$")}`]);
    return stdout.split("\0").slice(0, -1);
  });
}

/** The blocks between ``` fences of a language. */
export function blocksOf(title: string, language: string): string[] {
  return [...sectionOf(title).matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, "gm"))].map(([, block = ""]) => block);
}
