import type { CacheEntry, CacheKind, CacheListing, CleanResult } from "../index.js";
import { escapeText } from "../support/unsafe-text.js";
import { countOf, formatBytes } from "../support/quantities.js";

/** Kinds of which there are many small ones: one line tells of all. */
const GATHERED = new Map<CacheKind, readonly [string, string]>([
  ["answer", ["answer of a registry", "answers of registries"]],
  ["frames", ["archive that is remembered for --reuse", "archives that are remembered for --reuse"]],
]);

const NOTES = new Map<CacheKind, string>([
  ["compiled", "what Node.js compiled of an environment"],
  ["run", "restored for envpack run"],
  ["leftover", "leftover, not used any more"],
  ["unknown", "not made by envpack; clean --all removes it"],
]);

interface Row {
  readonly what: string;
  readonly bytes: number;
  readonly lastUse: number;
  readonly inUse: boolean;
}

/** What `envpack cache` prints: a line an entry, the largest first, and the sum. */
export function cacheText({ folder, ignored, limits, entries, bytes }: CacheListing, now: number): string {
  const rows = [...entries.filter(({ kind }) => !GATHERED.has(kind)).map(rowOf), ...gathered(entries)];
  const lines = rows
    .sort((a, b) => b.bytes - a.bytes)
    .map(
      ({ what, bytes: size, lastUse, inUse }) =>
        `${formatBytes(size).padStart(9)}  ${sinceText(now - lastUse).padEnd(13)}  ${what}${inUse ? " (in use)" : ""}`,
    );
  const place = folder === null ? "no cache" : escapeText(folder);
  const days = Math.round(limits.age / 86_400_000);
  return [
    ...(rows.length === 0 ? [] : [`     size  last use       what`]),
    ...lines,
    `${formatBytes(bytes)} in ${place}`,
    ignored === null
      ? `over ${formatBytes(limits.bytes)} or ${countOf(days, "day", "days")} without a use it goes by itself`
      : `not used: ${escapeText(ignored)}`,
  ].join("\n");
}

function rowOf({ kind, name, path, bytes, lastUse, inUse }: CacheEntry): Row {
  const note = NOTES.get(kind);
  return { what: escapeText(kind === "runtime" ? name : `${path}${note === undefined ? "" : ` (${note})`}`), bytes, lastUse, inUse };
}

function gathered(entries: readonly CacheEntry[]): Row[] {
  return [...GATHERED].flatMap(([kind, [one, many]]) => {
    const all = entries.filter((entry) => entry.kind === kind);
    if (all.length === 0) return [];
    const bytes = all.reduce((sum, entry) => sum + entry.bytes, 0);
    return [{ what: countOf(all.length, one, many), bytes, lastUse: Math.max(...all.map(({ lastUse }) => lastUse)), inUse: false }];
  });
}

/** What `envpack cache clean` says. */
export function cleanText({ folder, removed, bytes, kept }: CleanResult): string {
  const lines = [
    removed.length === 0
      ? "nothing to clear"
      : `cleared ${countOf(removed.length, "entry", "entries")}, ${formatBytes(bytes)}${folder === null ? "" : `, in ${escapeText(folder)}`}`,
  ];
  for (const { kind, path, inUse } of kept) lines.push(`  kept: ${escapeText(path)} (${inUse ? "in use" : (NOTES.get(kind) ?? "in use")})`);
  return lines.join("\n");
}

/** "today", "3 days ago" */
function sinceText(milliseconds: number): string {
  const days = Math.floor(milliseconds / 86_400_000);
  return days <= 0 ? "today" : days === 1 ? "yesterday" : `${days} days ago`;
}
