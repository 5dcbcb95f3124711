import type { LeftOut, LeftOutReason, Notice } from "../index.js";
import { escapeText } from "../support/unsafe-text.js";
import { countOf, formatBytes } from "../support/quantities.js";

/** How many paths are named for each reason but secrets, which are all named; --json has them all. */
const NAMED = 3;

/** Each reason in words, with the way to keep what it leaves out. */
const REASONS: Readonly<Record<LeftOutReason, string>> = {
  excluded: "matched by --exclude",
  development: "development dependencies (--omit dev)",
  platform: "of packages, for other platforms than the one that is packed for",
  workspace: "what belongs to the rest of the workspace (--include brings it in)",
  beside: "packages beside linked ones, which no packed package declares",
  cache: "caches that tools make again (--include keeps them)",
  build: "leftovers of builds (--include keeps them)",
  secret: "secrets (--include-secret PATH keeps one)",
  vcs: "version control",
  output: "the archive itself, an older one, or envpack's own work",
  slim: "of packages (--slim; --keep PATTERN keeps them)",
  trace: "of packages, to which neither the entry nor a recorded run leads (--trace; --keep PATTERN keeps them)",
};

/** What stays behind and why: a line for each reason, the largest first. Empty where nothing does. */
export function leftOutLines(leftOut: readonly LeftOut[]): string[] {
  const byReason = new Map<string, LeftOut[]>();
  for (const item of leftOut) {
    // Thousands of files may be slimmed away: each rule is told by itself.
    const key = item.reason === "slim" ? item.kind : item.reason;
    const items = byReason.get(key);
    if (items === undefined) byReason.set(key, [item]);
    else items.push(item);
  }
  const groups = [...byReason.values()].map((items) => ({ ...groupOf(items), items, bytes: sum(items, "bytes") }));
  groups.sort((a, b) => b.bytes - a.bytes);
  const lines = groups.map(
    ({ reason, words, items, bytes }) =>
      `  ${amount(items, bytes)}: ${words}: ${pathsOf(items, reason === "secret" ? items.length : NAMED)}`,
  );
  return lines.length === 0 ? [] : ["left out:", ...lines];
}

function groupOf([item]: readonly LeftOut[]): { readonly reason: LeftOutReason; readonly words: string } {
  const { reason, kind } = item as LeftOut;
  return { reason, words: reason === "slim" ? `${kind} ${REASONS.slim}` : REASONS[reason] };
}

export function noticeLines(notices: readonly Notice[]): string[] {
  return notices.map(({ message, path }) => {
    const where = path === undefined || message.includes(path) ? "" : `: ${escapeText(path)}`;
    return `note: ${escapeText(message)}${where}`;
  });
}

/** Folders that were not walked have no figures: they are counted as folders. */
function amount(items: readonly LeftOut[], bytes: number): string {
  const unwalked = items.filter((item) => item.files === null).length;
  const files = sum(items, "files");
  const parts: string[] = [];
  if (files > 0 || unwalked === 0) parts.push(`${countOf(files, "file", "files")}, ${formatBytes(bytes)}`);
  if (unwalked > 0) parts.push(countOf(unwalked, "folder", "folders"));
  return parts.join(" and ");
}

function pathsOf(items: readonly LeftOut[], most: number): string {
  const largest = [...items].sort((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0));
  const named = largest.slice(0, most).map((item) => escapeText(item.path));
  const more = largest.length - named.length;
  return more > 0 ? `${named.join(", ")} and ${more} more` : named.join(", ");
}

function sum(items: readonly LeftOut[], figure: "files" | "bytes"): number {
  return items.reduce((total, item) => total + (item[figure] ?? 0), 0);
}
