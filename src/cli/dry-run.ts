import type { PackPreview } from "../index.js";
import { escapeText } from "./escape.js";
import { leftOutLines, noticeLines } from "./left-out-text.js";
import { countOf, formatBytes, formatCount } from "./quantities.js";

/** How many groups the text names; --json has them all. */
const SHOWN = 25;

/** A package, or a top folder of what belongs to no package. */
interface Group {
  readonly path: string;
  readonly files: number;
  readonly bytes: number;
}

/** What `envpack pack --dry-run` prints: what would go in by package, what would not, and why. */
export function previewText(preview: PackPreview): string {
  const groups = groupEntries(preview.entries);
  const files = groups.reduce((sum, group) => sum + group.files, 0);
  const bytes = groups.reduce((sum, group) => sum + group.bytes, 0);
  const lines = groups.slice(0, SHOWN).map(groupLine);
  const rest = groups.slice(SHOWN);
  if (rest.length > 0) {
    lines.push(groupLine({
      path: `${formatCount(rest.length)} more (--json lists them)`,
      files: rest.reduce((sum, group) => sum + group.files, 0),
      bytes: rest.reduce((sum, group) => sum + group.bytes, 0),
    }));
  }
  const output = preview.output === null ? "stdout" : escapeText(preview.output);
  return [
    ...lines,
    `${countOf(files, "file", "files")}, ${formatBytes(bytes)} would go into ${output}; nothing was written`,
    ...leftOutLines(preview.leftOut),
    ...noticeLines(preview.notices),
    "",
  ].join("\n");
}

/** The same as data, with every entry. */
export function previewJson({ manifest, format, output, entries, leftOut, notices }: PackPreview): object {
  const { name, version, platform, runtime } = manifest;
  const groups = groupEntries(entries);
  return {
    ...{ name, version, platform, runtime, format, output },
    entries: entries.length,
    files: groups.reduce((sum, group) => sum + group.files, 0),
    bytes: groups.reduce((sum, group) => sum + group.bytes, 0),
    ...{ groups, leftOut, notices, list: entries },
  };
}

/** Sums the files up by package, the largest first. */
export function groupEntries(entries: PackPreview["entries"]): Group[] {
  const groups = new Map<string, Group>();
  for (const entry of entries) {
    if (entry.type !== "file") continue;
    const path = groupOf(entry.path);
    const { files, bytes } = groups.get(path) ?? { files: 0, bytes: 0 };
    groups.set(path, { path, files: files + 1, bytes: bytes + entry.size });
  }
  return [...groups.values()].sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1));
}

/** "app/node_modules/@scope/name" of what lies in there, "app/src" or "bin" of other files. */
function groupOf(path: string): string {
  const packaged = /^(?:[^/]+\/)*?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path);
  if (packaged !== null) return packaged[0];
  const parts = path.split("/").slice(0, -1);
  return parts.slice(0, 2).join("/") || path;
}

function groupLine({ path, files, bytes }: Group): string {
  return `${formatBytes(bytes).padStart(10)}  ${formatCount(files).padStart(7)}  ${escapeText(path)}`;
}
