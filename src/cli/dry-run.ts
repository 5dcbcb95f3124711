import type { PackPreview } from "../index.js";
import { escapeText } from "../support/unsafe-text.js";
import type { DryRunJson, PackageGroup } from "./json-shapes.js";
import { leftOutLines, noticeLines } from "./left-out-text.js";
import { entriesText } from "./quantities.js";
import { formatBytes, formatCount } from "../support/quantities.js";
import { runtimeJson, runtimeText, traceLines } from "./pack-summary.js";

/** How many groups the text names; --json has them all. */
const SHOWN = 25;

/** What `envpack pack --dry-run` prints: what would go in by package, what would not, and why. */
export function previewText(preview: PackPreview): string {
  const groups = groupEntries(preview.entries);
  const files = groups.reduce((sum, group) => sum + group.files, 0);
  const bytes = groups.reduce((sum, group) => sum + group.bytes, 0);
  const lines = groups.slice(0, SHOWN).map(groupLine);
  const rest = groups.slice(SHOWN);
  if (rest.length > 0) {
    lines.push(
      groupLine({
        path: `${formatCount(rest.length)} more (--json lists them)`,
        files: rest.reduce((sum, group) => sum + group.files, 0),
        bytes: rest.reduce((sum, group) => sum + group.bytes, 0),
      }),
    );
  }
  const output = preview.output === null ? "stdout" : escapeText(preview.output);
  return [
    ...lines,
    `${entriesText(preview.entries.length, files)}, ${formatBytes(bytes)} would go into ${output}; nothing was written`,
    `  ${runtimeText(preview.runtime)}`,
    ...(preview.trace === null ? [] : traceLines(preview.trace)),
    ...leftOutLines(preview.leftOut),
    ...noticeLines(preview.notices),
    "",
  ].join("\n");
}

/** The same as data, with every entry. */
export function previewJson(preview: PackPreview): DryRunJson {
  const { manifest, format, output, entries, leftOut, notices, slim, trace } = preview;
  const { name, version, platform } = manifest;
  const runtime = runtimeJson(preview);
  const groups = groupEntries(entries);
  return {
    ...{ name, version, platform, runtime, format, output },
    entries: entries.length,
    files: groups.reduce((sum, group) => sum + group.files, 0),
    bytes: groups.reduce((sum, group) => sum + group.bytes, 0),
    ...{ groups, leftOut, notices, slim, trace, list: entries },
  };
}

/** Sums the files up by package, the largest first. */
export function groupEntries(entries: PackPreview["entries"]): PackageGroup[] {
  const groups = new Map<string, PackageGroup>();
  for (const entry of entries) {
    if (entry.type !== "file") continue;
    const path = groupOf(entry.path);
    const { files, bytes } = groups.get(path) ?? { files: 0, bytes: 0 };
    groups.set(path, { path, files: files + 1, bytes: bytes + entry.size });
  }
  return [...groups.values()].sort((a, b) => b.bytes - a.bytes || (a.path < b.path ? -1 : 1));
}

/** Where pnpm, Yarn, Bun and Deno keep each package: "node_modules/.pnpm/ms@2.1.3/node_modules/ms", ".store/ms-npm-2.1.3-0123/package". */
const STORED = /^(?:[^/]+\/)*?node_modules\/\.[^/]+\/[^/]+(?:\/node_modules\/(?:@[^/]+\/)?[^/]+|\/package)?(?=\/)/;
/** A package that Yarn's Plug'n'Play loads out of a zip. */
const ZIPPED = /^(?:[^/]+\/)*?\.yarn\/cache\/[^/]+\.zip$/;

/** "app/node_modules/@scope/name" of what lies in there, "app/src" or "bin" of other files. */
function groupOf(path: string): string {
  if (ZIPPED.test(path)) return path;
  const stored = STORED.exec(path);
  if (stored !== null) return stored[0];
  const packaged = /^(?:[^/]+\/)*?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path);
  if (packaged !== null) return packaged[0];
  const parts = path.split("/").slice(0, -1);
  return parts.slice(0, 2).join("/") || path;
}

function groupLine({ path, files, bytes }: PackageGroup): string {
  return `${formatBytes(bytes).padStart(10)}  ${formatCount(files).padStart(7)}  ${escapeText(path)}`;
}
